// SPDX-License-Identifier: GPL-2.0-or-later

package chardev

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
)

// Listen listens on a "tcp" or "unix" address. A socket file that nobody listens on
// any more is replaced; one that is in use is an error. A new one is for its owner
// only.
func Listen(ctx context.Context, network, address string) (net.Listener, error) {
	var lc net.ListenConfig
	if network == "unix" {
		if err := removeStale(address); err != nil {
			return nil, err
		}
		// On Linux a socket file takes its mode from the socket that is bound, so
		// that there is no moment in which others can connect.
		lc.Control = func(_, _ string, c syscall.RawConn) error {
			var chmod error
			err := c.Control(func(fd uintptr) { chmod = syscall.Fchmod(int(fd), 0o600) })
			return errors.Join(err, chmod)
		}
	}
	return lc.Listen(ctx, network, address)
}

// removeStale removes a socket file that a dead process left behind: one that nobody
// has bound. A socket that answers in any other way is in use. It is asked by a socket
// of another type, which it refuses (EPROTOTYPE; connect(2)): who listens there must
// not take the question for a peer.
func removeStale(path string) error {
	info, err := os.Lstat(path)
	if err != nil || info.Mode()&os.ModeSocket == 0 {
		return nil
	}
	conn, err := net.Dial("unixgram", path)
	if err == nil {
		conn.Close()
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("%s is in use", path)
	}
	return os.Remove(path)
}
