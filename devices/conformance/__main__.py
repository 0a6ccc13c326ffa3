import sys

from devices.conformance.run import main

sys.exit(main())
