// SPDX-License-Identifier: GPL-2.0-or-later

package session

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/vmrr/vmrr/gdbstub"
)

// TestServeAt is `gdbserver` in a monitor: what works stays until the next works.
func TestServeAt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	d := &debugger{ctx: ctx, server: &gdbstub.Server{Do: func(context.Context, func()) error { return errGone }}}
	connects := func(network, address string) bool {
		c, err := net.Dial(network, address)
		if err == nil {
			c.Close()
		}
		return err == nil
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()

	dir := filepath.Join(t.TempDir(), "dir")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	socket := filepath.Join(dir, "gdb")
	for _, device := range []string{"unix:" + socket, "unix:" + socket} {
		if err := d.serveAt(device); err != nil {
			t.Fatalf("gdbserver %s: %v", device, err)
		}
	}
	for _, device := range []string{"tcp:" + taken.Addr().String(), "tcp::none", "unix:/nonexistent/gdb"} {
		if err := d.serveAt(device); err == nil {
			t.Errorf("gdbserver %s succeeds", device)
		}
		if !connects("unix", socket) {
			t.Fatalf("after gdbserver %s, which failed, nobody listens on %s", device, socket)
		}
	}
	// Nobody could listen there again.
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := d.serveAt("unix:" + socket); err != nil || d.where() == nil {
		t.Errorf("gdbserver at the same address, whose directory is gone: error %v, gdb may connect at %v; want it to stay", err, d.where())
	}
	if err := d.serveAt("tcp::0"); err != nil {
		t.Fatal(err)
	}
	tcp := d.where().String()
	if connects("unix", socket) || !connects("tcp", tcp) {
		t.Errorf("gdb may connect at %v, %s listens too: %v", d.where(), socket, connects("unix", socket))
	}
	if err := d.serveAt("tcp:" + tcp); err != nil || !connects("tcp", tcp) {
		t.Errorf("gdbserver at the same address: %v; want it to work", err)
	}
	if err := d.serveAt("none"); err != nil || d.where() != nil || connects("tcp", tcp) {
		t.Errorf("after gdbserver none gdb may connect at %v, error %v", d.where(), err)
	}
}
