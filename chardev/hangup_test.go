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
	plain := &impatient{server}
	conns := map[string]interface{ HungUp(context.Context) bool }{"plain": plain, "telnet": newTelnet(plain)}
	for name, conn := range conns {
		if conn.HungUp(over) {
			t.Errorf("%s: a peer that sends no more, but reads, has hung up; want it to be there", name)
		}
	}
	client.Close()
	for name, conn := range conns {
		if !conn.HungUp(t.Context()) {
			t.Errorf("%s: a peer that has gone has not hung up", name)
		}
	}
}
