// SPDX-License-Identifier: GPL-2.0-or-later

package chardev

import (
	"context"
	"net"
	"path/filepath"
	"testing"
)

// TestHungUp tells a peer that sends no more from one that has gone.
func TestHungUp(t *testing.T) {
	ln, err := Listen(t.Context(), "unix", filepath.Join(t.TempDir(), "socket"))
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	client, err := net.Dial("unix", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	server, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()

	client.(*net.UnixConn).CloseWrite()
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if (&impatient{server}).HungUp(over) {
		t.Error("a peer that sends no more, but reads, has hung up; want it to be there")
	}
	client.Close()
	if !(&impatient{server}).HungUp(t.Context()) {
		t.Error("a peer that has gone has not hung up")
	}
}
