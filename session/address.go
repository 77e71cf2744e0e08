// SPDX-License-Identifier: GPL-2.0-or-later

package session

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/vmrr/vmrr/chardev"
)

// GDBAddress says where gdb is let in.
type GDBAddress struct{ spec chardev.Spec }

// ParseGDB reads the argument of -gdb and gdbserver: a socket, as chardev.Parse has
// it. As in QEMU it listens and waits for nobody, whatever the options behind it say.
func ParseGDB(word string) (GDBAddress, error) {
	s, err := chardev.Parse(word)
	if errors.Is(err, chardev.ErrUnknown) || err == nil && (s.Kind != chardev.Socket || s.Telnet) {
		err = fmt.Errorf("character device %q: want tcp:[HOST]:PORT or unix:PATH", word)
	}
	return GDBAddress{s}, err
}

// Listen opens the address, as chardev.Listen does.
func (a GDBAddress) Listen(ctx context.Context) (net.Listener, error) {
	ln, err := chardev.Listen(ctx, a.spec.Network, a.spec.Address)
	if err != nil {
		return nil, fmt.Errorf("waiting for gdb: %w", err)
	}
	return ln, nil
}

// is reports whether a listener is at this very address.
func (a GDBAddress) is(at net.Addr) bool {
	if at == nil || at.Network() != a.spec.Network {
		return false
	}
	tcp, ok := at.(*net.TCPAddr)
	if !ok {
		return at.String() == a.spec.Address
	}
	want, err := net.ResolveTCPAddr("tcp", a.spec.Address)
	if err != nil || want.Port != tcp.Port {
		return false
	}
	// All of IPv4 may be shown as all of IPv6.
	return want.IP.Equal(tcp.IP) || want.IP.IsUnspecified() && tcp.IP.IsUnspecified()
}
