module example.test/libs

go 1.26.0
