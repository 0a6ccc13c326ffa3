from devices.firmware.command import main

raise SystemExit(main())
