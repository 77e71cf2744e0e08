// SPDX-License-Identifier: GPL-2.0-or-later

package gdbstub

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"
)

// thread is a Runner with a goroutine of its own, as an engine needs it.
type thread chan func()

func newThread(t testing.TB) thread {
	work := make(thread)
	t.Cleanup(func() { close(work) })
	go func() {
		runtime.LockOSThread()
		for fn := range work {
			fn()
		}
	}()
	return work
}

func (w thread) do(ctx context.Context, fn func()) error {
	done := make(chan struct{})
	select {
	case w <- func() { defer close(done); fn() }:
		<-done
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// startServer serves a target on loopback and returns the address. The test
// waits for the server to end.
func startServer(t testing.TB, target Target) string {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	work := newThread(t)
	s := &Server{Target: target, Do: work.do, Log: quiet()}
	served := make(chan error)
	go func() { served <- s.Serve(ctx, ln) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return ln.Addr().String()
}

// client speaks the protocol byte by byte.
type client struct {
	t    *testing.T
	conn net.Conn
	r    *bufio.Reader
}

func dial(t *testing.T, addr string) *client {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	return &client{t, conn, bufio.NewReader(conn)}
}

func (c *client) send(raw string) {
	c.t.Helper()
	if _, err := io.WriteString(c.conn, raw); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) expect(raw string) {
	c.t.Helper()
	got := make([]byte, len(raw))
	if n, err := io.ReadFull(c.r, got); err != nil || string(got) != raw {
		c.t.Fatalf("received %q, error %v; want %q", got[:n], err, raw)
	}
}

// ask sends a packet and expects an answer, in no-ack mode.
func (c *client) ask(packet, answer string) {
	c.t.Helper()
	c.send(string(frame([]byte(packet))))
	c.expect(string(frame([]byte(answer))))
}

func (c *client) noAck() {
	c.t.Helper()
	c.send(string(frame([]byte("QStartNoAckMode"))))
	c.expect("+$OK#9a")
	c.send("+")
}

func (c *client) expectEnd() {
	c.t.Helper()
	if b, err := c.r.ReadByte(); err == nil {
		c.t.Fatalf("received %q; want the end of the connection", b)
	}
}

func TestAcknowledgements(t *testing.T) {
	c := dial(t, startServer(t, newFake()))
	c.send("$p0#00") // a wrong sum
	c.expect("-")
	c.send("$p0#a0")
	c.expect("+$0000000000000000#00")
	c.send("-")
	c.expect("$0000000000000000#00")
	c.send("+$" + strings.Repeat("m", maxPacket+1) + "#6d")
	c.expect("+$E22#a9")
	c.send("+")
	c.noAck()
	c.ask("p0", "0000000000000000")
	c.send("$p0#00")
	c.expect("$E22#a9")
	c.send("---") // means nothing any more
	c.ask("vCont?", "vCont;c;C;s;S;t;r")
}

func TestTooManyResends(t *testing.T) {
	c := dial(t, startServer(t, newFake()))
	c.send("$p0#a0")
	c.expect("+$0000000000000000#00")
	for range maxResends {
		c.send("-")
		c.expect("$0000000000000000#00")
	}
	c.send("-")
	c.expectEnd()
}

func TestInterrupt(t *testing.T) {
	f := newFake()
	f.spin = true
	c := dial(t, startServer(t, f))
	c.noAck()
	c.send("\x03") // nothing runs
	c.send(string(frame([]byte("vCont;c"))))
	<-f.running
	c.send("\x03")
	c.expect(string(frame([]byte("T02thread:1;"))))
	// The interrupt follows so closely that the machine may not run yet.
	for range 50 {
		c.send(string(frame([]byte("c"))) + "\x03")
		c.expect(string(frame([]byte("T02thread:1;"))))
		<-f.running
	}
}

// endless has a monitor command that ends when it is cancelled.
type endless struct{ *fake }

func (e endless) Monitor(ctx context.Context, command string, out io.Writer) (bool, error) {
	e.running <- struct{}{}
	<-ctx.Done()
	return false, errors.New("ended")
}

// Who notices Ctrl-C in the place of gdb ends monitor commands, and nothing else.
func TestInterruptOfCommand(t *testing.T) {
	f := newFake()
	f.spin = true
	s := &Server{Target: endless{f}, Log: quiet()}
	s.Interrupt() // nobody is served
	here, there := net.Pipe()
	served := make(chan error)
	go func() { served <- s.ServeConn(t.Context(), there) }()
	c := &client{t, here, bufio.NewReader(here)}
	c.noAck()
	s.Interrupt() // nothing runs
	for range 3 {
		c.send(string(frame([]byte("qRcmd,6c6f6e67"))))
		<-f.running
		s.Interrupt()
		c.expect(string(frame([]byte("656e6465640a"))))
	}
	c.send(string(frame([]byte("c"))))
	<-f.running
	s.Interrupt() // gdb sends 0x03 itself
	c.send("\x03")
	c.expect(string(frame([]byte("T02thread:1;"))))
	here.Close()
	if err := <-served; err != nil {
		t.Errorf("ServeConn: %v", err)
	}
	s.Interrupt() // nobody is any more
}

func TestDropAndReturn(t *testing.T) {
	f := newFake()
	f.spin = true
	addr := startServer(t, f)
	c := dial(t, addr)
	c.noAck()
	c.ask("Z0,1004,1", "OK")
	c.send(string(frame([]byte("vCont;c"))))
	<-f.running
	c.conn.Close() // while the machine runs

	c = dial(t, addr)
	c.noAck()
	c.ask("?", "T05thread:1;")
	if n := len(f.breaks); n != 0 {
		t.Errorf("%d breakpoints left by a client that is gone; want none", n)
	}
	c.ask("Z1,1005,1", "OK")
	c.ask("D", "OK")
	c.expectEnd()

	c = dial(t, addr)
	c.noAck()
	if n := len(f.breaks); n != 0 {
		t.Errorf("%d breakpoints left by a client that detached; want none", n)
	}
	c.send("$k#6b")
	c.expectEnd()
	c = dial(t, addr)
	c.noAck() // only to know that the one before was seen off
	want := "attached dropped attached detached attached killed attached"
	if got := strings.Join(f.calls, " "); got != want {
		t.Errorf("the target saw %q; want %q", got, want)
	}
}

func TestSecondClientIsRefused(t *testing.T) {
	addr := startServer(t, newFake())
	first := dial(t, addr)
	first.noAck()
	second := dial(t, addr)
	second.send("+$p0#a0")
	second.expectEnd()
	first.ask("p0", "0000000000000000")
}

func TestTargetRefusesClient(t *testing.T) {
	c := dial(t, startServer(t, unattachable{newFake()}))
	c.expectEnd()
}

type unattachable struct{ *fake }

func (unattachable) Attached(context.Context) error { return errors.New("busy booting") }

func TestCancelEndsSession(t *testing.T) {
	f := newFake()
	f.spin = true
	ctx, cancel := context.WithCancel(context.Background())
	here, there := net.Pipe()
	served := make(chan error)
	go func() { served <- (&Server{Target: f, Log: quiet()}).ServeConn(ctx, there) }()
	go io.Copy(io.Discard, here)
	here.Write(frame([]byte("Z0,1004,1")))
	here.Write(frame([]byte("c")))
	<-f.running
	cancel()
	if err := <-served; err != nil {
		t.Errorf("ServeConn: %v", err)
	}
	if len(f.breaks) != 0 {
		t.Error("breakpoint left behind")
	}
}

func TestDeadMachine(t *testing.T) {
	here, there := net.Pipe()
	defer here.Close()
	gone := errors.New("the machine is gone")
	s := &Server{Target: newFake(), Log: quiet(), Do: func(context.Context, func()) error { return gone }}
	if err := s.ServeConn(context.Background(), there); !errors.Is(err, gone) {
		t.Errorf("ServeConn of a machine that is gone = %v; want %v", err, gone)
	}
}
