// SPDX-License-Identifier: GPL-2.0-or-later

package gdbstub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"
)

// Runner runs fn on the thread that the Target belongs to and returns when fn has
// returned, never earlier. An error says that fn did not run, because ctx was
// cancelled first or the machine is gone; the connection then ends. For a machine
// that is gone it must not wait.
type Runner func(ctx context.Context, fn func()) error

// Server serves one Target to one debugger at a time.
type Server struct {
	Target Target
	// Do runs everything that calls the Target; nil calls it on the
	// connection's own goroutine.
	Do Runner
	// Log receives diagnostics; nil means slog.Default.
	Log *slog.Logger

	once sync.Once
	busy chan struct{} // holds one token while a client is served

	mu   sync.Mutex
	link *link // that client's; nil if there is none
}

// takeover is how long a second client waits for the first one to finish, so
// that a debugger can leave and come back at once.
const takeover = 2 * time.Second

// errBusy is returned to a second client.
var errBusy = errors.New("another debugger is attached")

// Serve accepts debuggers on ln, one after another, until ctx is cancelled or the
// listener fails. While one is attached a second one's connection is closed. It
// closes ln, waits for the connections to end and returns nil if ctx was cancelled.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	stop := context.AfterFunc(ctx, func() { ln.Close() })
	defer stop()
	defer ln.Close()
	var conns sync.WaitGroup
	defer conns.Wait()
	for {
		conn, err := ln.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("accepting a gdb connection: %w", err)
		}
		conns.Go(func() {
			if err := s.ServeConn(ctx, conn); err != nil && ctx.Err() == nil {
				s.logger().Warn("gdb connection refused", "from", conn.RemoteAddr().String(), "error", err)
			}
		})
	}
}

// ServeConn serves the debugger at the other end of conn until it leaves or ctx is
// cancelled, and closes conn. The error says that it was not served at all.
func (s *Server) ServeConn(ctx context.Context, conn io.ReadWriteCloser) error {
	defer conn.Close()
	s.once.Do(func() { s.busy = make(chan struct{}, 1) })
	timer := time.NewTimer(takeover)
	defer timer.Stop()
	select {
	case s.busy <- struct{}{}:
		defer func() { <-s.busy }()
	case <-timer.C:
		return errBusy
	case <-ctx.Done():
		return ctx.Err()
	}
	l := newLink(ctx, conn, s.logger())
	defer l.leave()
	s.setLink(l)
	defer s.setLink(nil)
	session, err := s.attach(l)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(l.ctx, func() { conn.Close() })
	defer stop()
	reader := make(chan struct{})
	go func() {
		defer close(reader)
		l.read()
	}()
	s.logger().Debug("gdb attached")
	session.serve(l, s.runner())
	l.close()
	<-reader
	if err := s.runner()(context.WithoutCancel(ctx), session.finish); err != nil {
		// The machine is gone, and the breakpoints with it.
		s.logger().Debug("gdb left its breakpoints behind", "cause", err)
	}
	s.logger().Debug("gdb left", "how", session.departure.String())
	return nil
}

// Drop ends the connection of the debugger that is served, if there is one; another
// may come. It does not wait for that.
func (s *Server) Drop() {
	if l := s.served(); l != nil {
		l.leave()
	}
}

// Interrupt ends the monitor command that the debugger waits for, if it does, as Ctrl-C
// there is to do. It does not wait for that.
func (s *Server) Interrupt() {
	if l := s.served(); l != nil {
		l.interruptCommand()
	}
}

func (s *Server) served() *link {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.link
}

func (s *Server) setLink(l *link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.link = l
}

// attach stops the machine for the debugger and prepares the session.
func (s *Server) attach(l *link) (*session, error) {
	var (
		session *session
		refusal error
	)
	err := s.runner()(l.ctx, func() {
		if a, ok := s.Target.(Attacher); ok {
			if refusal = a.Attached(l.ctx); refusal != nil {
				return
			}
		}
		session = newSession(s.Target, l, s.logger())
	})
	return session, errors.Join(err, refusal)
}

func (s *Server) runner() Runner {
	if s.Do != nil {
		return s.Do
	}
	return func(_ context.Context, fn func()) error {
		fn()
		return nil
	}
}

func (s *Server) logger() *slog.Logger {
	if s.Log != nil {
		return s.Log
	}
	return slog.Default()
}
