package main

import "context"

type profileCommand struct{}

func (*profileCommand) Run(ctx context.Context, p *program) error { return nil }
