from devices.gateway.main import main

raise SystemExit(main())
