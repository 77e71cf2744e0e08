// SPDX-License-Identifier: GPL-2.0-or-later

package chardev

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// mustParse parses a word with %s in it for a path.
func mustParse(t *testing.T, word string, args ...any) Spec {
	t.Helper()
	s, err := Parse(fmt.Sprintf(word, args...))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// echo serves a device by sending back each line; it returns its address.
func echo(t *testing.T, s Spec) *Device {
	t.Helper()
	d, err := Open(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		d.Serve(ctx, func(ctx context.Context, conn io.ReadWriteCloser) {
			defer context.AfterFunc(ctx, func() { conn.Close() })()
			defer conn.Close()
			r := bufio.NewReader(conn)
			for {
				line, err := r.ReadString('\n')
				if err != nil {
					return
				}
				io.WriteString(conn, line)
			}
		})
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return d
}

// says sends a line and reads one.
func says(t *testing.T, conn io.ReadWriter, line, want string) {
	t.Helper()
	if c, ok := conn.(net.Conn); ok {
		c.SetDeadline(time.Now().Add(time.Minute)) // so that a bug is a failure
	}
	if _, err := io.WriteString(conn, line); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(want))
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != want {
		t.Fatalf("after %q comes %q, error %v; want %q", line, got, err, want)
	}
}

func dial(t *testing.T, network, address string) net.Conn {
	t.Helper()
	c, err := net.Dial(network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestServerServesOneAfterAnother(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	echo(t, mustParse(t, "unix:%s,server=on,wait=off", path))
	first := dial(t, "unix", path)
	says(t, first, "one\n", "one\n")
	second := dial(t, "unix", path)
	says(t, first, "two\n", "two\n")
	first.Close()
	says(t, second, "three\n", "three\n")
}

func TestTelnetDevice(t *testing.T) {
	d := echo(t, mustParse(t, "telnet:127.0.0.1:0,server=on,wait=off"))
	c := dial(t, "tcp", d.Name())
	says(t, c, "a\xff\xff\xff\xfd\x05\n", string(greeting)+"\xff\xfc\x05a\xff\xff\n")
}

func TestClient(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	echo(t, mustParse(t, "tcp:%s", ln.Addr()))
	c, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	says(t, c, "one\n", "one\n")
	ln.Close()
	if d, err := Open(t.Context(), mustParse(t, "tcp:%s", ln.Addr())); err == nil {
		d.Close()
		t.Error("connecting to where nobody listens succeeded")
	}
}

func TestWait(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	spec := mustParse(t, "unix:%s,server=on", path)
	opened := make(chan *Device)
	go func() {
		d, err := Open(context.Background(), spec)
		if err != nil {
			t.Error(err)
		}
		opened <- d
	}()
	var c net.Conn
	for c == nil {
		c, _ = net.Dial("unix", path)
	}
	defer c.Close()
	d := <-opened
	if d.first == nil {
		t.Error("a device that was to wait for a peer has none")
	}
	d.Close()

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(ctx, spec); err == nil || !strings.Contains(err.Error(), "waiting") || strings.Contains(err.Error(), "closed") {
		t.Errorf("waiting with a cancelled context: error %v; want one that says so, and nothing of what was closed for it", err)
	}
}

func TestSocketFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	spec := mustParse(t, "unix:%s,server=on,wait=off", path)
	old, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), spec); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("a socket that is in use: error %v", err)
	}
	// Who listens there has not seen a peer.
	old.SetDeadline(time.Now().Add(50 * time.Millisecond))
	if conn, err := old.Accept(); err == nil {
		conn.Close()
		t.Error("asking whether a socket is in use was taken for a peer")
	}
	old.SetUnlinkOnClose(false)
	old.Close()
	d, err := Open(t.Context(), spec)
	if err != nil {
		t.Fatalf("a socket that was left behind: %v", err)
	}
	d.Close()
	os.WriteFile(path, nil, 0o600)
	if _, err := Open(t.Context(), spec); err == nil {
		t.Error("a file that is no socket was replaced")
	}
}

func TestPTY(t *testing.T) {
	d := echo(t, mustParse(t, "pty"))
	for range 2 { // who leaves may come back
		f, err := os.OpenFile(d.Name(), os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		says(t, f, "a\x03b\r\n", "a\x03b\r\n")
		f.Close()
	}
}

func TestOutlet(t *testing.T) {
	o := NewOutlet()
	put := func(s string) {
		for _, b := range []byte(s) {
			o.Put(b)
		}
	}
	drained := func() string {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		var b bytes.Buffer
		o.Drain(ctx, &b)
		return b.String()
	}
	put("to nobody")
	o.Attach()
	put("to somebody")
	if got := drained(); got != "to somebody" {
		t.Errorf("the outlet gives %q; want what was sent while somebody was there", got)
	}
	put("before ")
	o.Attach()
	put("and after")
	if got := drained(); got != "before and after" {
		t.Errorf("attached twice, the outlet gives %q; want what was sent before too", got)
	}
	put(strings.Repeat("x", maxPending) + "the end")
	if got := drained(); !strings.Contains(got, "524288 bytes are missing here") || !strings.HasSuffix(got, "xthe end") || len(got) > maxPending {
		t.Errorf("of too much the outlet gives %d bytes, %.80q; want the latest and a note", len(got), got)
	}
	put("late")
	o.Detach()
	put("to nobody")
	if got := drained(); got != "" {
		t.Errorf("after the reader left the outlet gives %q", got)
	}
}
