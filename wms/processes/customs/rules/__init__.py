"""What customs asks of an order: dated tables, filings, modes, papers, their match, duties, retention. Pure."""
