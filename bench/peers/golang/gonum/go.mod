module github.com/keisan-go/keisan/bench/peers/golang/gonum

go 1.26

require (
	github.com/keisan-go/keisan/bench/peers/golang/serve v0.0.0
	gonum.org/v1/gonum v0.17.0
)

replace github.com/keisan-go/keisan/bench/peers/golang/serve => ../serve
