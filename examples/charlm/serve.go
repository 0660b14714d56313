package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/examples/internal/program"
)

// serve is the command that writes texts for HTTP clients.
func serve(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	fs := program.Flags("charlm serve", "Charlm serve goes on with the texts of HTTP clients:\n\n  curl -N 'localhost:8080/generate?prompt=Light&length=99&temperature=1&seed=1'")
	dev := program.Device(fs)
	file := modelFlag(fs, "the network is in this `file`")
	address := fs.String("addr", "localhost:8080", "listen at this `address`")
	clients := program.Int(fs, "clients", 16, 1, 1e4, "write for so many `clients` at the same time")
	prompt := program.Int(fs, "max-prompt", 1000, 1, 1e6, "so many `characters` may a prompt have")
	length := program.Int(fs, "max-length", 10_000, 1, 1e9, "so many `characters` may a client ask for")
	grace := program.Duration(fs, "grace", 5*time.Second, "after Ctrl-C, let clients get the rest for this `time`")
	if err := program.Parse(fs, args, stdout); err != nil {
		return err
	}
	d, err := device.Open(*dev)
	if err != nil {
		return err
	}
	defer d.Close()
	n, a, err := loadNetwork(d, *file)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		return fmt.Errorf("-addr %q: %w", *address, err)
	}
	fmt.Fprintf(stdout, "%v on %s: http://%s/generate\n", n, d.Name(), listener.Addr())
	s := newServer(n, a.alphabet(), limits{
		clients: *clients, prompt: *prompt, length: *length,
		header: 5 * time.Second, body: 10 * time.Second, write: 10 * time.Second, idle: time.Minute, grace: *grace,
	})
	return s.run(ctx, listener, log.New(stderr, "charlm: ", log.LstdFlags))
}

// limits is how much a server does for how many, and how long it waits for them.
type limits struct {
	clients        int           // at the same time
	prompt, length int           // characters
	header, body   time.Duration // for a request to arrive
	write          time.Duration // for a client to take what was written
	idle           time.Duration // for the next request on a connection
	grace          time.Duration // for streams to end by themselves when the server is to stop
}

// run serves until ctx ends. Streams then have the grace to end by themselves, after which each is told that it is cut.
func (s *server) run(ctx context.Context, l net.Listener, errors *log.Logger) error {
	h := &http.Server{
		Handler:           s.handler(),
		ReadHeaderTimeout: s.header,
		ReadTimeout:       s.body,
		WriteTimeout:      s.write, // from one event to the next: see stream
		IdleTimeout:       s.idle,
		MaxHeaderBytes:    s.requestBytes(),
		ErrorLog:          errors,
	}
	failed := make(chan error, 1)
	go func() { failed <- h.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	defer time.AfterFunc(s.grace, s.stop).Stop()
	most, cancel := context.WithTimeout(context.Background(), s.grace+s.write)
	defer cancel()
	if err := h.Shutdown(most); err != nil {
		return fmt.Errorf("a client did not take what was written for it: %w", err)
	}
	return nil
}
