// SPDX-License-Identifier: GPL-2.0-or-later

package gdbstub

import (
	"context"
	"fmt"
	"net"
	"strings"

	"github.com/vmrr/vmrr/chardev"
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
		address, err := chardev.HostPort(rest)
		if err != nil {
			return bad(err.Error())
		}
		return Address{Network: "tcp", Address: address}, nil
	}
	return bad("unknown kind of address")
}

// Listen opens the address, as chardev.Listen does.
func (a Address) Listen(ctx context.Context) (net.Listener, error) {
	ln, err := chardev.Listen(ctx, a.Network, a.Address)
	if err != nil {
		return nil, fmt.Errorf("listening for gdb: %w", err)
	}
	return ln, nil
}
