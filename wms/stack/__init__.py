"""The machinery under one installation: embedded PostgreSQL and broker, and the supervisor of every process.

`process`     start a child that dies with us; who is a pid
`postgres`    the embedded cluster
`broker`      the embedded MQTT broker, its users and their rights
`supervisor`  children in order of need, restarted, logged, stopped
`local`       the whole stack of one data folder: what `wms up` runs
"""
