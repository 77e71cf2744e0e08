// SPDX-License-Identifier: GPL-2.0-or-later

package gdbstub

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// DefaultAddress is where -s listens.
var DefaultAddress = Address{Network: "tcp", Address: "127.0.0.1:1234"}

// Address says where to listen for a debugger.
type Address struct {
	Network string // "tcp" or "unix"
	Address string // HOST:PORT or a path
}

// String returns what to give to gdb's "target remote".
func (a Address) String() string { return a.Address }

// ParseAddress reads the argument of -gdb: "tcp::PORT", "tcp:HOST:PORT" or
// "unix:PATH", followed by nothing or by QEMU's server options, which say what
// is the case anyway. A host left out is 127.0.0.1: anyone who reaches the port
// owns the guest.
func ParseAddress(s string) (Address, error) {
	bad := func(what string) (Address, error) {
		return Address{}, fmt.Errorf("gdb address %q: %s; want tcp::PORT, tcp:HOST:PORT or unix:PATH", s, what)
	}
	spec, options, _ := strings.Cut(s, ",")
	for option := range strings.SplitSeq(options, ",") {
		switch option {
		case "", "server", "server=on", "nowait", "wait=off", "nodelay", "nodelay=on":
		default:
			return bad(fmt.Sprintf("unknown option %q", option))
		}
	}
	kind, rest, found := strings.Cut(spec, ":")
	switch {
	case found && kind == "unix":
		if rest == "" {
			return bad("no path")
		}
		return Address{Network: "unix", Address: rest}, nil
	case found && kind == "tcp":
		host, port, err := net.SplitHostPort(rest)
		if err != nil {
			return bad("no port")
		}
		if n, err := strconv.ParseUint(port, 10, 16); err != nil {
			return bad(fmt.Sprintf("port %q is no number from 0 to 65535", port))
		} else {
			port = strconv.FormatUint(n, 10)
		}
		if host == "" {
			host = "127.0.0.1"
		}
		return Address{Network: "tcp", Address: net.JoinHostPort(host, port)}, nil
	}
	return bad("unknown kind of address")
}

// Listen opens the address. A socket file that nobody listens on any more is
// replaced; a new one is for its owner only.
func (a Address) Listen(ctx context.Context) (net.Listener, error) {
	var lc net.ListenConfig
	if a.Network != "unix" {
		ln, err := lc.Listen(ctx, a.Network, a.Address)
		if err != nil {
			return nil, fmt.Errorf("listening for gdb: %w", err)
		}
		return ln, nil
	}
	if info, err := os.Lstat(a.Address); err == nil && info.Mode()&os.ModeSocket != 0 {
		if conn, err := net.Dial("unix", a.Address); err == nil {
			conn.Close()
			return nil, fmt.Errorf("listening for gdb: %s is in use", a.Address)
		}
		os.Remove(a.Address)
	}
	// On Linux a socket file takes its mode from the socket that is bound, so
	// that there is no moment in which others can connect.
	lc.Control = func(_, _ string, c syscall.RawConn) error {
		var chmod error
		err := c.Control(func(fd uintptr) { chmod = syscall.Fchmod(int(fd), 0o600) })
		return errors.Join(err, chmod)
	}
	ln, err := lc.Listen(ctx, "unix", a.Address)
	if err != nil {
		return nil, fmt.Errorf("listening for gdb: %w", err)
	}
	return ln, nil
}
