module example.test/proto

go 1.26.0
