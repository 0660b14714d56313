package main

import "context"

type crossoverCommand struct{}

func (*crossoverCommand) Run(ctx context.Context, p *program) error { return nil }
