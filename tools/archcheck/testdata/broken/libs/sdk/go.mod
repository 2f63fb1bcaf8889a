module example.test/libs/sdk

go 1.26.0
