"""What is bolted to the floor: drivers, the gateway that runs them, and the contract the WES sees."""
