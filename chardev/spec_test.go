// SPDX-License-Identifier: GPL-2.0-or-later

package chardev

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	unix := Spec{Kind: Socket, Network: "unix", Address: "/tmp/s"}
	tcp := Spec{Kind: Socket, Network: "tcp", Address: "127.0.0.1:4444"}
	with := func(s Spec, f func(*Spec)) Spec { f(&s); return s }
	server := func(s *Spec) { s.Server = true }
	waiting := func(s *Spec) { s.Server, s.Wait = true, true }
	for _, c := range []struct {
		in   string
		want Spec
		err  string
	}{
		{in: "none", want: Spec{Kind: None}},
		{in: "null", want: Spec{Kind: None}},
		{in: "stdio", want: Spec{Kind: Stdio}},
		{in: "mon:stdio", want: Spec{Kind: Stdio, Mux: true}},
		{in: "pty", want: Spec{Kind: PTY}},
		{in: "file:a:b", want: Spec{Kind: File, Path: "a:b"}},
		{in: "file:a,,b", want: Spec{Kind: File, Path: "a,b"}},
		{in: "unix:/tmp/s", want: unix},
		{in: "unix:/tmp/s,server=off", want: unix},
		{in: "unix:/tmp/s,noserver", want: unix},
		{in: "unix:/tmp/s,server", want: with(unix, waiting)},
		{in: "unix:/tmp/s,server=on", want: with(unix, waiting)},
		{in: "unix:/tmp/s,server=on,wait=off", want: with(unix, server)},
		{in: "unix:/tmp/s,server,nowait", want: with(unix, server)},
		{in: "unix:/tmp/s,nowait", want: unix},
		{in: "tcp::4444", want: tcp},
		{in: "tcp:127.0.0.1:4444,nodelay", want: tcp},
		{in: "tcp:0.0.0.0:4444", want: with(tcp, func(s *Spec) { s.Address = "0.0.0.0:4444" })},
		{in: "tcp:[::1]:4444", want: with(tcp, func(s *Spec) { s.Address = "[::1]:4444" })},
		{in: "telnet::4444,server,nowait", want: with(tcp, func(s *Spec) { s.Telnet, s.Server = true, true })},
		{in: "tcp::4444,telnet=on", want: with(tcp, func(s *Spec) { s.Telnet = true })},
		{in: "", err: "there is no such device"},
		{in: "vc", err: "there is no such device"},
		{in: "stdio:x", err: "takes nothing more"},
		{in: "pty,server", err: "takes nothing more"},
		{in: "mon:unix:/tmp/s", err: "only mon:stdio"},
		{in: "file:", err: "want file:PATH"},
		{in: "file:a,b", err: "want file:PATH"},
		{in: "unix:", err: "no path"},
		{in: "unix:/tmp/s,server=yes", err: "want on or off"},
		{in: "unix:/tmp/s,reconnect=on", err: "unknown option"},
		{in: "tcp:4444", err: "has no port"},
		{in: "tcp::http", err: "no number"},
		{in: "tcp::65536", err: "no number"},
	} {
		got, err := Parse(c.in)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("Parse(%q): error %v; want %q", c.in, err, c.err)
			}
			continue
		}
		c.want.Word = c.in
		if err != nil || got != c.want {
			t.Errorf("Parse(%q) = %+v, error %v; want %+v", c.in, got, err, c.want)
		}
	}
}
