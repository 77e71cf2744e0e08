// SPDX-License-Identifier: GPL-2.0-or-later

package gdbstub

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

func TestPacketReader(t *testing.T) {
	long := strings.Repeat("a", maxPacket)
	sum := func(data string) string { // the packet with these raw bytes
		var n byte
		for i := range len(data) {
			n += data[i]
		}
		return fmt.Sprintf("$%s#%02x", data, n)
	}
	tests := []struct {
		name, in string
		want     string // events; packets as their data
		err      error
	}{
		{"empty stream", "", "", io.EOF},
		{"one packet", "$g#67", "<g>", io.EOF},
		{"upper-case checksum", "$OK#9A", "<OK>", io.EOF},
		{"empty packet", "$#00", "<>", io.EOF},
		{"acks and interrupt", "+-\x03+", "ack nak interrupt ack", io.EOF},
		{"rubbish between", "xyz\r\n$g#67\x00$c#63", "<g> <c>", io.EOF},
		{"bad checksum", "$g#68$g#67", "bad <g>", io.EOF},
		{"checksum not hex", "$g#zz", "bad", io.EOF},
		{"restarted packet", "$qSup$g#67", "<g>", io.EOF},
		{"escapes", sum("X0,2:\x7d\x03\x7d\x5d"), "<X0,2:#}>", io.EOF},
		{"interrupt byte is data inside", sum("X0,1:\x03"), "<X0,1:\x03>", io.EOF},
		{"escape at the end", sum("X\x7d"), "refused", io.EOF},
		{"longest", sum(long), "<" + long + ">", io.EOF},
		{"too long", sum(long+"a") + "$g#67", "refused <g>", io.EOF},
		{"cut in the data", "$qSupp", "", io.ErrUnexpectedEOF},
		{"cut in the checksum", "$g#6", "", io.ErrUnexpectedEOF},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newPacketReader(strings.NewReader(tt.in))
			var got []string
			var err error
			for {
				var ev event
				var data []byte
				if ev, data, err = r.next(); err != nil {
					break
				}
				names := map[event]string{eventAck: "ack", eventNak: "nak", eventInterrupt: "interrupt",
					eventBadChecksum: "bad", eventRefused: "refused", eventPacket: "<" + string(data) + ">"}
				got = append(got, names[ev])
			}
			if g := strings.Join(got, " "); g != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("reading %.60q = %.60q, error %v; want %.60q, error %v", tt.in, g, err, tt.want, tt.err)
			}
		})
	}
}

func TestFrame(t *testing.T) {
	tests := []struct{ data, want string }{
		{"", "$#00"},
		{"OK", "$OK#9a"},
		{"a#b", "$a\x7d\x03b#43"},
		{"a$b", "$a\x7d\x04b#44"},
		{"a*b", "$a\x7d\x0ab#4a"},
		{"a}b", "$a\x7d\x5db#9d"},
	}
	for _, tt := range tests {
		if got := string(frame([]byte(tt.data))); got != tt.want {
			t.Errorf("frame(%q) = %q; want %q", tt.data, got, tt.want)
		}
	}
}

func TestParseHex(t *testing.T) {
	tests := []struct {
		in   string
		want uint64
		ok   bool
	}{
		{"0", 0, true}, {"1aF", 0x1af, true}, {"ffffffffffffffff", ^uint64(0), true},
		{"0000000000000000000001", 1, true}, {"10000000000000000", 0, false}, {"", 0, false},
		{"-1", 0, false}, {"+1", 0, false}, {"0x1", 0, false}, {"1_0", 0, false}, {" 1", 0, false},
	}
	for _, tt := range tests {
		if got, ok := parseHex(tt.in); got != tt.want || ok != tt.ok {
			t.Errorf("parseHex(%q) = %#x, %v; want %#x, %v", tt.in, got, ok, tt.want, tt.ok)
		}
	}
}

// FuzzPacketReader checks that any bytes end in an error of the stream, that no
// packet is longer than allowed, and that what is framed is read back.
func FuzzPacketReader(f *testing.F) {
	f.Add([]byte("+$qSupported:swbreak+#d0\x03-"))
	f.Add([]byte("$X0,2:\x7d\x03\x7d\x5d#00$g#67"))
	f.Fuzz(func(t *testing.T, in []byte) {
		r := newPacketReader(bytes.NewReader(in))
		for {
			ev, data, err := r.next()
			if err != nil {
				break
			}
			if ev == eventPacket && len(data) > maxPacket {
				t.Fatalf("packet of %d bytes; want at most %d", len(data), maxPacket)
			}
		}
		if len(in) > maxPacket/2 {
			return
		}
		ev, data, err := newPacketReader(bytes.NewReader(frame(in))).next()
		if err != nil || ev != eventPacket || !bytes.Equal(data, in) {
			t.Fatalf("reading frame(%q) = %v, %q, error %v; want the same bytes", in, ev, data, err)
		}
	})
}
