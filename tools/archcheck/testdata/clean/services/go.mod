module example.test/services

go 1.26.0
