// SPDX-License-Identifier: GPL-2.0-or-later

// Package qmp is the part of QEMU's machine protocol that makes sense here: the
// commands of the monitor, as JSON. What is answered, and in which words, is taken
// from QEMU 7.2 ("QEMU Machine Protocol Specification", docs/interop/qmp-spec.txt,
// and the schemas in qapi/).
package qmp

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/vmrr/vmrr/monitor"
)

// Server answers any number of clients.
type Server struct {
	Monitor *monitor.Monitor
	// Do runs f on the machine's thread. An error says that f did not run.
	Do func(ctx context.Context, f func()) error

	mu    sync.Mutex
	conns map[*conn]bool // those that have negotiated
	jobs  []job
}

// Errors by their class.
type failure struct {
	Class string `json:"class"`
	Desc  string `json:"desc"`
}

func (f *failure) Error() string { return f.Desc }

func generic(format string, args ...any) error {
	return &failure{"GenericError", fmt.Sprintf(format, args...)}
}

func notFound(format string, args ...any) error {
	return &failure{"CommandNotFound", fmt.Sprintf(format, args...)}
}

// reply is an answer. The members' order is of no meaning.
type reply struct {
	Return any             `json:"return,omitempty"`
	Error  *failure        `json:"error,omitempty"`
	ID     json.RawMessage `json:"id,omitempty"`
}

// empty is the answer of a command that has nothing to say.
type empty struct{}

// the version that clients take the set of commands from.
const major, minor, micro = 7, 2, 0

type version struct {
	QEMU struct {
		Micro int `json:"micro"`
		Minor int `json:"minor"`
		Major int `json:"major"`
	} `json:"qemu"`
	Package string `json:"package"`
}

func (s *Server) version() version {
	v := version{Package: "vmrr " + s.Monitor.Version}
	v.QEMU.Major, v.QEMU.Minor, v.QEMU.Micro = major, minor, micro
	return v
}

const (
	// maxRequests is how many commands of a client may wait.
	maxRequests = 8
	// maxEvents is how many events may wait for a client. One that does not
	// read them is cut off.
	maxEvents = 1024
)

// conn is one client.
type conn struct {
	*Server
	rw       io.ReadWriteCloser
	requests chan request
	events   chan []byte
	ready    bool // it has negotiated
}

type request struct {
	message []byte
	err     error // the message could not be read
}

// Serve answers a client until it has sent all that it will, the connection fails,
// or ctx is cancelled; then it closes the connection. A client that goes ends the
// command in progress.
func (s *Server) Serve(ctx context.Context, rw io.ReadWriteCloser) {
	defer rw.Close()
	c := &conn{Server: s, rw: rw, requests: make(chan request, maxRequests), events: make(chan []byte, maxEvents)}
	defer s.forget(c)
	greeting := map[string]any{"QMP": struct {
		Version      version  `json:"version"`
		Capabilities []string `json:"capabilities"`
	}{s.version(), []string{}}}
	if c.send(encode(greeting)) != nil {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	there, gone := context.WithCancel(ctx)
	go func() {
		if monitor.HungUp(ctx, c.rw, c.read(ctx)) {
			gone()
		}
	}()
	for {
		var err error
		select {
		case <-ctx.Done():
			c.sendEvents()
			return
		case e := <-c.events:
			err = c.send(e)
		case r, ok := <-c.requests:
			if !ok {
				c.sendEvents()
				return
			}
			err = c.handle(there, r)
		}
		if err != nil {
			slog.Debug("a QMP connection ended", "cause", err)
			return
		}
	}
}

// read hands over the messages. It returns why there are no more.
func (c *conn) read(ctx context.Context) error {
	defer close(c.requests)
	f := framer{in: bufio.NewReader(c.rw)}
	for {
		message, err := f.next()
		var bad *syntaxError
		if err != nil && !errors.As(err, &bad) && err != errTooLong {
			return err
		}
		select {
		case c.requests <- request{message, err}:
		case <-ctx.Done():
			return ctx.Err()
		}
		if err == errTooLong {
			return err
		}
	}
}

func (c *conn) send(message []byte) error {
	_, err := c.rw.Write(message)
	return err
}

// sendEvents sends those that are waiting.
func (c *conn) sendEvents() error {
	for {
		select {
		case e := <-c.events:
			if err := c.send(e); err != nil {
				return err
			}
		default:
			return nil
		}
	}
}

// handle answers one message. The events that it causes go ahead of the answer.
func (c *conn) handle(ctx context.Context, r request) error {
	x := &call{conn: c, ctx: ctx}
	var answer reply
	result, err := x.execute(r, &answer.ID)
	var f *failure
	switch {
	case err == nil:
		answer.Return = result
	case errors.As(err, &f):
		answer.Error = f
	default:
		answer.Error = &failure{"GenericError", err.Error()}
	}
	if err := c.sendEvents(); err != nil {
		return err
	}
	if err := c.send(encode(answer)); err != nil {
		return err
	}
	for _, f := range x.after {
		f()
	}
	return nil
}

// event is a message that nobody asked for.
type event struct {
	Timestamp struct {
		Seconds      int64 `json:"seconds"`
		Microseconds int   `json:"microseconds"`
	} `json:"timestamp"`
	Event string `json:"event"`
	Data  any    `json:"data,omitempty"`
}

// Emit tells every client of an event; data may be nil. It waits for nobody and may
// be called from anywhere.
func (s *Server) Emit(name string, data any) {
	e := event{Event: name, Data: data}
	now := time.Now()
	e.Timestamp.Seconds, e.Timestamp.Microseconds = now.Unix(), now.Nanosecond()/1000
	message := encode(e)
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		select {
		case c.events <- message:
		default:
			slog.Warn("a QMP client that does not read its events is cut off")
			delete(s.conns, c)
			go c.rw.Close()
		}
	}
}

func (s *Server) remember(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conns == nil {
		s.conns = map[*conn]bool{}
	}
	s.conns[c] = true
}

func (s *Server) forget(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
}
