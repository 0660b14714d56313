package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// plenty is limits that nobody meets.
var plenty = limits{
	clients: 64, prompt: 100, length: 1e9,
	header: time.Minute, body: time.Minute, write: time.Minute, idle: time.Minute, grace: time.Minute,
}

// A served is a server on a network and what ends it.
type served struct {
	*server
	url    string
	cancel func()
	ended  chan error
}

// serving starts a server for a small network that has learned nothing, which is as good to serve.
func serving(t *testing.T, l limits) *served {
	t.Helper()
	d := open(t)
	letters := newAlphabet(babble(100))
	s := newServer(newNetwork(d, 1, shape{"lstm", 2, 16, 8, letters.size()}), letters, l)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	sv := &served{s, "http://" + listener.Addr().String(), cancel, make(chan error, 1)}
	go func() { sv.ended <- s.run(ctx, listener, log.New(io.Discard, "", 0)) }()
	t.Cleanup(func() {
		s.stop()
		cancel()
		sv.stops(t)
	})
	return sv
}

// stops waits for the server's end.
func (s *served) stops(t *testing.T) {
	t.Helper()
	select {
	case err := <-s.ended:
		if err != nil {
			t.Errorf("the server ends with %v", err)
		}
		s.ended <- err // for who asks again
	case <-time.After(30 * time.Second):
		t.Error("the server does not end")
	}
}

// get asks for a text.
func (s *served) get(t *testing.T, query string) *http.Response {
	t.Helper()
	r, err := http.Get(s.url + "/generate?" + query)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Body.Close() })
	return r
}

// An event is one of a stream's.
type event struct {
	name string
	data map[string]any
}

// next reads an event.
func next(r *bufio.Reader) (e event, err error) {
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return e, err
		}
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch name {
		case "event":
			e.name = value
		case "data":
			if err := json.Unmarshal([]byte(value), &e.data); err != nil {
				return e, err
			}
		case "":
			return e, nil
		default:
			return e, fmt.Errorf("line %q", line)
		}
	}
}

// all reads a stream to its end, and returns the text and the last event.
func all(r io.Reader) (text string, last event, err error) {
	in := bufio.NewReader(r)
	for {
		e, err := next(in)
		if err != nil {
			return text, last, err
		}
		if last = e; e.name != "" {
			_, err := in.ReadByte()
			if err != io.EOF {
				return text, last, fmt.Errorf("after the event %q: error %v, want the end", e.name, err)
			}
			return text, last, nil
		}
		text += e.data["text"].(string)
	}
}

// TestServeMany has many clients at once, each of whom gets what it would get alone.
func TestServeMany(t *testing.T) {
	s := serving(t, plenty)
	ask := func(seed int) (string, error) {
		query := url.Values{"prompt": {"light"[:seed%6]}, "length": {fmt.Sprint(20 + seed)}, "seed": {fmt.Sprint(seed)}}
		get := func() (*http.Response, error) { return http.Get(s.url + "/generate?" + query.Encode()) }
		if seed%2 == 1 {
			get = func() (*http.Response, error) { return http.PostForm(s.url+"/generate", query) }
		}
		r, err := get()
		if err != nil {
			return "", err
		}
		defer r.Body.Close()
		if kind := r.Header.Get("Content-Type"); r.StatusCode != 200 || !strings.HasPrefix(kind, "text/event-stream") {
			return "", fmt.Errorf("status %s, content type %q", r.Status, kind)
		}
		text, last, err := all(r.Body)
		if want := fmt.Sprint(map[string]any{"length": 20 + seed, "reason": "length", "seed": seed}); last.name != "end" || fmt.Sprint(last.data) != want {
			return "", fmt.Errorf("the last event is %v (%v), want end %v", last, err, want)
		}
		if len(text) != 20+seed {
			return "", fmt.Errorf("%d characters, want %d", len(text), 20+seed)
		}
		return text, nil
	}
	const clients = 24
	var alone, together [clients]string
	for i := range alone {
		var err error
		if alone[i], err = ask(i); err != nil {
			t.Fatal(err)
		}
	}
	var wg sync.WaitGroup
	for i := range together {
		wg.Go(func() {
			var err error
			if together[i], err = ask(i); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for i := range alone {
		if alone[i] != together[i] {
			t.Errorf("seed %d gives %q alone and %q among others", i, alone[i], together[i])
		}
	}
	if alone[6][:20] == alone[12][:20] {
		t.Errorf("two seeds give the same text %q", alone[6])
	}
}

func TestServeMistakes(t *testing.T) {
	l := plenty
	l.length = 1000
	s := serving(t, l)
	for query, want := range map[string]string{
		"length=0":                           `length is "0", want a whole number from 1 to 1000`,
		"length=1001":                        `length is "1001", want a whole number from 1 to 1000`,
		"length=":                            `length is "", want a whole number from 1 to 1000`,
		"temperature=0":                      `temperature is "0", want a number above 0, up to 100`,
		"temperature=NaN":                    `temperature is "NaN", want a number above 0, up to 100`,
		"seed=-1":                            `seed is "-1", want a whole number of 0 or more`,
		"seed=1&seed=2":                      `seed is given 2 times, want it once`,
		"lenght=1":                           `there is no parameter "lenght", want prompt, length, temperature or seed`,
		"prompt=l%E2%82%ACght":               `prompt is "l€ght": it has the character '€', which the model does not know: it was not in the text that it learned`,
		"prompt=" + strings.Repeat("l", 101): `prompt has 101 characters, want at most 100`,
		"prompt=%":                           `the parameters cannot be read: invalid URL escape "%"`,
	} {
		r := s.get(t, query)
		told, err := io.ReadAll(r.Body)
		if r.StatusCode != http.StatusBadRequest || string(told) != want+"\n" || err != nil {
			t.Errorf("%s: %s %q (%v), want 400 %q", query, r.Status, told, err, want)
		}
	}
	for _, test := range []struct {
		method, kind, body string
		status             int
	}{
		{"POST", "application/json", `{"prompt": "light"}`, http.StatusUnsupportedMediaType},
		{"POST", "application/x-www-form-urlencoded", "prompt=" + strings.Repeat("l", 1e5), http.StatusRequestEntityTooLarge},
		{"POST", "application/x-www-form-urlencoded", "prompt=light&length=1", http.StatusOK},
		{"PUT", "", "", http.StatusMethodNotAllowed},
	} {
		q, err := http.NewRequest(test.method, s.url+"/generate", strings.NewReader(test.body))
		if err != nil {
			t.Fatal(err)
		}
		q.Header.Set("Content-Type", test.kind)
		r, err := http.DefaultClient.Do(q)
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if r.StatusCode != test.status {
			t.Errorf("%s %s: %s, want %d", test.method, test.kind, r.Status, test.status)
		}
	}
	if r := s.get(t, "prompt="+strings.Repeat("l", 1e5)); r.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("a URL of 100,000 bytes: %s, want 431", r.Status)
	}
	if r, err := http.Get(s.url + "/healthz"); err != nil || r.StatusCode != 200 {
		t.Errorf("healthz: %v, %v", r, err)
	}
}

// TestServeBusy has one client more than there may be. The others going away makes room, for their texts are not written to the end.
func TestServeBusy(t *testing.T) {
	l := plenty
	l.clients = 2
	s := serving(t, l)
	long := []*http.Response{s.get(t, "length=999999999"), s.get(t, "length=999999999")}
	for _, r := range long {
		if e, err := next(bufio.NewReader(r.Body)); err != nil || e.data["text"] == "" {
			t.Fatalf("event %v, %v", e, err)
		}
	}
	r := s.get(t, "length=1")
	told, _ := io.ReadAll(r.Body)
	if want := "the server writes for 2 clients, which is as many as it may; try again soon\n"; r.StatusCode != http.StatusServiceUnavailable || string(told) != want || r.Header.Get("Retry-After") == "" {
		t.Errorf("%s, %q, Retry-After %q; want 503 %q", r.Status, told, r.Header.Get("Retry-After"), want)
	}
	for _, r := range long {
		r.Body.Close()
	}
	for begin := time.Now(); len(s.writers) < 2; time.Sleep(time.Millisecond) {
		if time.Since(begin) > 20*time.Second {
			t.Fatalf("%d of 2 writers are idle, long after the clients left", len(s.writers))
		}
	}
	if r := s.get(t, "length=1"); r.StatusCode != 200 {
		t.Errorf("afterwards: %s", r.Status)
	}
}

// TestServeSlowly has a stream last longer than any time that a request has to arrive in, and two on one connection.
func TestServeSlowly(t *testing.T) {
	l := plenty
	l.header, l.body, l.write = 50*time.Millisecond, 100*time.Millisecond, time.Second
	s := serving(t, l)
	r := s.get(t, "length=999999999")
	in := bufio.NewReader(r.Body)
	for begin := time.Now(); time.Since(begin) < 500*time.Millisecond; {
		if _, err := next(in); err != nil {
			t.Fatalf("after %v: %v", time.Since(begin), err)
		}
	}
	c, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprint(c, "GET /generate HTTP/1.1\r\n") // and no more of it
	c.SetDeadline(time.Now().Add(20 * time.Second))
	if rest, err := io.ReadAll(c); err != nil {
		t.Errorf("a client that does not go on gets %q, %v, want to be left", rest, err)
	}
}

// TestServeEnds has the server stop while it writes.
func TestServeEnds(t *testing.T) {
	t.Run("whole", func(t *testing.T) {
		s := serving(t, plenty)
		r := s.get(t, "length=1000&seed=1")
		s.cancel()
		text, last, err := all(r.Body)
		if err != nil || len(text) != 1000 || last.data["reason"] != "length" {
			t.Errorf("%d characters and %v (%v), want all 1000", len(text), last, err)
		}
		s.stops(t)
		if _, err := http.Get(s.url + "/healthz"); err == nil {
			t.Error("the server is still there")
		}
	})
	t.Run("cut", func(t *testing.T) {
		l := plenty
		l.grace = 100 * time.Millisecond
		s := serving(t, l)
		r := s.get(t, "length=999999999&seed=1")
		s.cancel()
		text, last, err := all(r.Body)
		if err != nil || last.name != "end" || last.data["reason"] != "shutdown" || last.data["length"] != float64(len(text)) {
			t.Errorf("%d characters and %v (%v), want an end by shutdown", len(text), last, err)
		}
		s.stops(t)
	})
}

// TestServeCommand has the command serve a model from its file, till its context ends.
func TestServeCommand(t *testing.T) {
	args := small(t, "-steps", "4")
	call(t, args...)
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"serve", "-device", "cpu", "-model", args[5], "-addr", "127.0.0.1:0"}, w, io.Discard)
	}()
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	_, address, _ := strings.Cut(strings.TrimSpace(line), "http://")
	response, err := http.Get("http://" + address + "?prompt=light+&length=30&seed=1")
	if err != nil {
		t.Fatal(err)
	}
	text, _, err := all(response.Body)
	response.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("the command ends with %v, want no error", err)
	}
	written := call(t, "sample", "-device", "cpu", "-model", args[5], "-prompt", "light ", "-length", "30", "-seed", "1")
	if "light "+text+"\n" != written {
		t.Errorf("serve writes %q, sample %q", text, written)
	}
}
