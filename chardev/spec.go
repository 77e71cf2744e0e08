// SPDX-License-Identifier: GPL-2.0-or-later

// Package chardev opens character devices by QEMU's words for them: sockets,
// telnet, pseudo-terminals, files. A serial port or a monitor is at one end of
// such a device; who is at the other may come and go. Nothing that the other end
// does or fails to do holds up the machine.
package chardev

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
)

// Kind is what a device is made of.
type Kind int

// The kinds.
const (
	None   Kind = iota // goes nowhere
	Stdio              // standard input and output
	File               // output to a file
	Socket             // a Unix or TCP socket
	PTY                // a new pseudo-terminal
)

// Spec describes a device.
type Spec struct {
	Kind    Kind
	Word    string // as it was written
	Mux     bool   // a monitor shares it with a serial port ("mon:stdio")
	Path    string // of a File
	Network string // of a Socket: "tcp" or "unix"
	Address string // of a Socket: HOST:PORT or a path
	Server  bool   // listen, not connect
	Wait    bool   // the machine starts only when somebody has connected
	Telnet  bool   // speak telnet
}

// ErrUnknown says that a word is none for a device. Which ones there may be depends on
// what the device is for.
var ErrUnknown = errors.New("there is no such device")

// Parse reads one of
//
//	none, null, stdio, mon:stdio, pty, file:PATH,
//	unix:PATH[,OPTIONS], tcp:[HOST]:PORT[,OPTIONS], telnet:[HOST]:PORT[,OPTIONS]
//
// with the options server[=on|off], wait=on|off (nowait) and nodelay. As in QEMU a
// server waits unless told otherwise, and a comma in a path is written twice. A
// host left out is 127.0.0.1: whoever reaches a monitor owns the guest. Any other kind of
// device is ErrUnknown.
func Parse(word string) (Spec, error) {
	parts := splitCommas(word)
	s := Spec{Word: word}
	kind, rest, _ := strings.Cut(parts[0], ":")
	if kind == "mon" {
		s.Mux = true
		kind, rest, _ = strings.Cut(rest, ":")
		if kind != "stdio" {
			return s, s.bad("only mon:stdio can be shared")
		}
	}
	switch kind {
	case "none", "null", "stdio", "pty":
		s.Kind = map[string]Kind{"none": None, "null": None, "stdio": Stdio, "pty": PTY}[kind]
		if rest != "" || len(parts) > 1 {
			return s, s.bad("%s takes nothing more", kind)
		}
		return s, nil
	case "file":
		s.Kind, s.Path = File, rest
		if rest == "" || len(parts) > 1 {
			return s, s.bad("want file:PATH")
		}
		return s, nil
	case "unix":
		s.Kind, s.Network, s.Address = Socket, "unix", rest
		if rest == "" {
			return s, s.bad("no path")
		}
	case "tcp", "telnet":
		address, err := hostPort(rest)
		if err != nil {
			return s, s.bad("%v", err)
		}
		s.Kind, s.Network, s.Address, s.Telnet = Socket, "tcp", address, kind == "telnet"
	default:
		return s, fmt.Errorf("character device %q: %w", word, ErrUnknown)
	}
	return s, s.options(parts[1:])
}

func (s *Spec) bad(format string, args ...any) error {
	return fmt.Errorf("character device %q: %s", s.Word, fmt.Sprintf(format, args...))
}

// options reads what follows a socket's address.
func (s *Spec) options(parts []string) error {
	wait := true
	for _, part := range parts {
		key, value, given := strings.Cut(part, "=")
		if !given {
			value = "on"
			if short, no := strings.CutPrefix(key, "no"); no && slices.Contains([]string{"wait", "server"}, short) {
				key, value = short, "off"
			}
		}
		if value != "on" && value != "off" {
			return s.bad("%s=%s: want on or off", key, value)
		}
		switch key {
		case "server":
			s.Server = value == "on"
		case "wait":
			wait = value == "on"
		case "telnet":
			s.Telnet = value == "on"
		case "nodelay": // always
		default:
			return s.bad("unknown option %q", part)
		}
	}
	s.Wait = s.Server && wait
	return nil
}

// splitCommas splits at single commas; two stand for one.
func splitCommas(s string) []string {
	parts := strings.Split(strings.ReplaceAll(s, ",,", "\x00"), ",")
	for i := range parts {
		parts[i] = strings.ReplaceAll(parts[i], "\x00", ",")
	}
	return parts
}

// hostPort reads "HOST:PORT" with a decimal port from 0 to 65535, where 0 lets the
// system choose. A host left out is 127.0.0.1.
func hostPort(s string) (string, error) {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return "", fmt.Errorf("%q has no port, want HOST:PORT", s)
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return "", fmt.Errorf("port %q is no number from 0 to 65535", port)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, strconv.FormatUint(n, 10)), nil
}
