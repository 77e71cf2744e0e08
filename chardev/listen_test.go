// SPDX-License-Identifier: GPL-2.0-or-later

package chardev

import (
	"net"
	"os"
	"path/filepath"
	"testing"
)

func TestListenUnix(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	ln, err := Listen(t.Context(), "unix", path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&^0o700 != 0 {
		t.Errorf("mode of %s = %v, error %v; want access for the owner only", path, info.Mode(), err)
	}
	if second, err := Listen(t.Context(), "unix", path); err == nil {
		second.Close()
		t.Error("listening twice succeeded")
	}
	ln.(*net.UnixListener).SetUnlinkOnClose(false)
	ln.Close()
	ln, err = Listen(t.Context(), "unix", path)
	if err != nil {
		t.Fatalf("listening on a socket left behind: %v", err)
	}
	ln.Close()

	if err := os.WriteFile(path, []byte("data"), 0o600); err != nil {
		t.Fatal(err)
	}
	if ln, err := Listen(t.Context(), "unix", path); err == nil {
		ln.Close()
		t.Error("listening replaced a file that is no socket")
	}
}
