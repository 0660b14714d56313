module github.com/keisan-go/keisan

go 1.26
