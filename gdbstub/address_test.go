// SPDX-License-Identifier: GPL-2.0-or-later

package gdbstub

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"testing"
)

func TestParseAddress(t *testing.T) {
	tests := []struct{ in, network, address string }{
		{"tcp::1234", "tcp", "127.0.0.1:1234"},
		{"tcp::0", "tcp", "127.0.0.1:0"},
		{"tcp:localhost:99", "tcp", "localhost:99"},
		{"tcp:0.0.0.0:01234", "tcp", "0.0.0.0:1234"},
		{"tcp:[::1]:1234", "tcp", "[::1]:1234"},
		{"tcp::1234,server=on,wait=off", "tcp", "127.0.0.1:1234"},
		{"tcp::1234,server,nowait", "tcp", "127.0.0.1:1234"},
		{"unix:/tmp/a:b", "unix", "/tmp/a:b"},
		{"unix:rel.sock,server", "unix", "rel.sock"},
		{"", "", ""}, {"tcp:", "", ""}, {"tcp:1234", "", ""}, {"tcp::", "", ""}, {"tcp::65536", "", ""},
		{"tcp::-1", "", ""}, {"tcp::http", "", ""}, {"tcp:::1:1234", "", ""}, {"unix:", "", ""},
		{"udp::1234", "", ""}, {"1234", "", ""}, {"stdio", "", ""}, {"tcp::1234,wait=on", "", ""},
	}
	for _, tt := range tests {
		got, err := ParseAddress(tt.in)
		if want := (Address{tt.network, tt.address}); got != want || (err != nil) != (tt.network == "") {
			t.Errorf("ParseAddress(%q) = %+v, %v; want %+v", tt.in, got, err, want)
		}
	}
}

func TestListenUnix(t *testing.T) {
	a := Address{Network: "unix", Address: filepath.Join(t.TempDir(), "gdb")}
	ln, err := a.Listen(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(a.Address)
	if err != nil || info.Mode().Perm()&^0o700 != 0 {
		t.Errorf("mode of %s = %v, error %v; want access for the owner only", a.Address, info.Mode(), err)
	}
	if second, err := a.Listen(context.Background()); err == nil {
		second.Close()
		t.Error("listening twice succeeded")
	}
	ln.(*net.UnixListener).SetUnlinkOnClose(false)
	ln.Close()
	ln, err = a.Listen(context.Background())
	if err != nil {
		t.Fatalf("listening on a socket left behind: %v", err)
	}
	ln.Close()

	if err := os.WriteFile(a.Address, []byte("data"), 0o600); err != nil {
		t.Fatal(err)
	}
	if ln, err := a.Listen(context.Background()); err == nil {
		ln.Close()
		t.Error("listening replaced a file that is no socket")
	}
}
