module github.com/keisan-go/keisan/bench/peers/golang/serve

go 1.26
