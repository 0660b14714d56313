package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// A server writes texts for HTTP clients. Each has a writer to itself, out of a pool whose writers share the weights: a
// layer is for one goroutine at a time, and its state is a client's own. So what a client gets depends on nobody else.
type server struct {
	limits
	letters  *alphabet
	writers  chan *writer // the idle ones
	stopping context.Context
	stop     func() // ends all streams
}

func newServer(n *network, letters *alphabet, l limits) *server {
	s := &server{limits: l, letters: letters, writers: make(chan *writer, l.clients)}
	for range l.clients {
		s.writers <- newWriter(n, letters)
	}
	s.stopping, s.stop = context.WithCancel(context.Background())
	return s
}

// handler is what clients can ask for:
//
//	GET or POST /generate    a text, as server-sent events; the parameters prompt, length, temperature and seed stand in
//	                         the query or in a form
//	GET /healthz             200 as long as the server is there
func (s *server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /generate", s.generate)
	mux.HandleFunc("POST /generate", s.generate)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	return mux
}

// requestBytes is how long a request with the longest prompt may be: each byte of a character may stand there as %XX.
func (s *server) requestBytes() int { return 3*utf8.UTFMax*s.prompt + 4096 }

// generate writes a text as server-sent events with data {"text": "..."}. The last one is named end; it tells the seed that
// gives this text again, how long it is, and as the reason "length" if it is whole, or "shutdown" if the server stops. An
// event named error tells why there is no more.
func (s *server) generate(w http.ResponseWriter, r *http.Request) {
	request, refusal := s.parse(w, r)
	if refusal != nil {
		http.Error(w, refusal.why, refusal.status)
		return
	}
	var writer *writer
	select {
	case writer = <-s.writers:
		defer func() { s.writers <- writer }()
	default:
		w.Header().Set("Retry-After", "1")
		http.Error(w, fmt.Sprintf("the server writes for %d clients, which is as many as it may; try again soon", s.clients), http.StatusServiceUnavailable)
		return
	}
	ctx, cancel := context.WithCancel(r.Context()) // which ends when the client goes away
	defer cancel()
	defer context.AfterFunc(s.stopping, cancel)()

	to := newStream(w, s.write)
	err := writer.write(ctx, request, to.character)
	if to.flush() != nil || r.Context().Err() != nil {
		return // there is nobody to tell
	}
	end := map[string]any{"reason": "length", "length": to.length, "seed": request.seed}
	switch {
	case err == nil:
		to.send("end", end)
	case s.stopping.Err() != nil:
		end["reason"] = "shutdown"
		to.send("end", end)
	default:
		to.send("error", map[string]any{"error": err.Error()})
	}
}

// A refusal is why a request is not served, in a sentence, and its status.
type refusal struct {
	status int
	why    string
}

func refuse(status int, format string, args ...any) *refusal {
	return &refusal{status, fmt.Sprintf(format, args...)}
}

// parse reads a request.
func (s *server) parse(w http.ResponseWriter, r *http.Request) (request, *refusal) {
	const form = "application/x-www-form-urlencoded"
	if kind := r.Header.Get("Content-Type"); kind != "" && r.Method == http.MethodPost {
		if media, _, err := mime.ParseMediaType(kind); err != nil || media != form {
			return request{}, refuse(http.StatusUnsupportedMediaType, "Content-Type is %q, want %s", kind, form)
		}
	}
	r.Body = http.MaxBytesReader(w, r.Body, int64(s.requestBytes()))
	if err := r.ParseForm(); err != nil {
		if tooLong, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return request{}, refuse(http.StatusRequestEntityTooLarge, "the request is longer than %d bytes, want a prompt of at most %d characters", tooLong.Limit, s.prompt)
		}
		return request{}, refuse(http.StatusBadRequest, "the parameters cannot be read: %v", err)
	}
	// What is read from now on is only whether the client is still there, for as long as the text takes.
	http.NewResponseController(w).SetReadDeadline(time.Time{})

	q := request{length: min(200, s.length), temperature: 0.7, seed: uint64(rand.Uint32())}
	for _, name := range slices.Sorted(maps.Keys(r.Form)) {
		value, ok, want := r.Form[name][0], false, ""
		var err error
		switch name {
		case "prompt":
			if n := utf8.RuneCountInString(value); n > s.prompt {
				return q, refuse(http.StatusBadRequest, "prompt has %d characters, want at most %d", n, s.prompt)
			}
			if q.prompt, err = s.letters.encode(value); err != nil {
				return q, refuse(http.StatusBadRequest, "prompt is %q: %v", value, err)
			}
			ok = true
		case "length":
			q.length, err = strconv.Atoi(value)
			ok, want = err == nil && q.length >= 1 && q.length <= s.length, fmt.Sprintf("a whole number from 1 to %d", s.length)
		case "temperature":
			q.temperature, err = strconv.ParseFloat(value, 64)
			ok, want = err == nil && q.temperature > 0 && q.temperature <= 100, "a number above 0, up to 100"
		case "seed":
			q.seed, err = strconv.ParseUint(value, 10, 64)
			ok, want = err == nil, "a whole number of 0 or more"
		default:
			return q, refuse(http.StatusBadRequest, "there is no parameter %q, want prompt, length, temperature or seed", name)
		}
		if n := len(r.Form[name]); n > 1 {
			return q, refuse(http.StatusBadRequest, "%s is given %d times, want it once", name, n)
		}
		if !ok {
			return q, refuse(http.StatusBadRequest, "%s is %q, want %s", name, value, want)
		}
	}
	return q, nil
}

// A stream is server-sent events for a client, which gets characters as they are written, those of 20 ms together.
type stream struct {
	w        http.ResponseWriter
	control  *http.ResponseController
	patience time.Duration   // for the client to take an event
	text     strings.Builder // what was not sent yet
	length   int             // of what was written
	sent     time.Time
}

func newStream(w http.ResponseWriter, patience time.Duration) *stream {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // or a proxy might collect the events
	return &stream{w: w, control: http.NewResponseController(w), patience: patience}
}

// character writes a character.
func (s *stream) character(c rune) error {
	s.text.WriteRune(c)
	if s.length++; time.Since(s.sent) < 20*time.Millisecond {
		return nil
	}
	return s.flush()
}

// flush sends what was written.
func (s *stream) flush() error {
	if s.text.Len() == 0 {
		return nil
	}
	defer s.text.Reset()
	s.sent = time.Now()
	return s.send("", map[string]any{"text": s.text.String()})
}

// send sends an event. It returns an error if the client does not take it.
func (s *stream) send(name string, data map[string]any) error {
	if name != "" {
		name = "event: " + name + "\n"
	}
	encoded, err := json.Marshal(data)
	if err != nil {
		return err
	}
	if err := s.control.SetWriteDeadline(time.Now().Add(s.patience)); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(s.w, "%sdata: %s\n\n", name, encoded); err != nil {
		return err
	}
	return s.control.Flush()
}
