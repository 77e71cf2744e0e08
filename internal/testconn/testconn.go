// SPDX-License-Identifier: GPL-2.0-or-later

// Package testconn connects a test with the server that it tests.
package testconn

import (
	"context"
	"io"
	"net"
	"path/filepath"
	"testing"
	"time"
)

// Serve serves one client on a Unix socket until the test ends, and returns the
// client's end.
func Serve(t testing.TB, serve func(context.Context, io.ReadWriteCloser)) net.Conn {
	t.Helper()
	path := filepath.Join(t.TempDir(), "socket")
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	client, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		serve(ctx, conn)
	}()
	t.Cleanup(func() {
		cancel()
		client.Close()
		<-done
	})
	client.SetDeadline(time.Now().Add(time.Minute)) // so that a bug is a failure
	return client
}

// gone is a connection that has hung up when nothing more comes.
type gone struct{ io.ReadWriteCloser }

func (gone) HungUp(context.Context) bool { return true }

// HangingUp makes a server see a peer that goes when it has nothing more to say.
func HangingUp(serve func(context.Context, io.ReadWriteCloser)) func(context.Context, io.ReadWriteCloser) {
	return func(ctx context.Context, conn io.ReadWriteCloser) { serve(ctx, gone{conn}) }
}
