// SPDX-License-Identifier: GPL-2.0-or-later

package agent

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// fake has the bytes 0 to 255 at address 0x1000, and register n is 0x100 + n, up to 15.
type fake struct{}

func (fake) ReadMemory(addr uint64, p []byte) (int, error) {
	for i := range p {
		at := addr + uint64(i) - 0x1000
		if at > 0xff {
			return i, errors.New("no RAM is there")
		}
		p[i] = byte(at)
	}
	return len(p), nil
}

func (fake) Register(n int) (uint64, error) {
	if n > 15 {
		return 0, fmt.Errorf("there is no register %d", n)
	}
	return 0x100 + uint64(n), nil
}

const minusTwo = "\x22\xfe\x16\x08" // const8 254, ext 8

func TestEval(t *testing.T) {
	minus := func(n uint64) uint64 { return -n }
	for _, tt := range []struct {
		name, code string
		want       uint64
	}{
		{"const8", "\x22\xff\x27", 0xff},
		{"const16", "\x23\xff\x01\x27", 0xff01},
		{"const32", "\x24\xff\x01\x02\x03\x27", 0xff010203},
		{"const64", "\x25\xff\x01\x02\x03\x04\x05\x06\x07\x27", 0xff01020304050607},
		{"reg", "\x26\x00\x0a\x27", 0x10a},
		{"add", "\x22\x07" + minusTwo + "\x02\x27", 5},
		{"sub", "\x22\x07\x22\x09\x03\x27", minus(2)},
		{"mul", minusTwo + "\x22\x03\x04\x27", minus(6)},
		{"div_signed", "\x22\x07" + minusTwo + "\x05\x27", minus(3)},
		{"div_unsigned", minusTwo + "\x22\x02\x06\x27", 1<<63 - 1},
		{"rem_signed", "\x22\x07\x12\x22\x05\x07\x27", minus(3)}, // ^7 is -8
		{"rem_unsigned", minusTwo + "\x22\x05\x08\x27", 4},
		{"the least number divided by -1", "\x22\x01\x22\x3f\x09\x22\x00\x12\x05\x27", 1 << 63},
		{"lsh", "\x22\x03\x22\x04\x09\x27", 0x30},
		{"lsh by 64", "\x22\x03\x22\x40\x09\x27", 0},
		{"rsh_signed", minusTwo + "\x22\x01\x0a\x27", minus(1)},
		{"rsh_signed by 200", minusTwo + "\x22\xc8\x0a\x27", minus(1)},
		{"rsh_unsigned", minusTwo + "\x22\x01\x0b\x27", 1<<63 - 1},
		{"log_not of 2", "\x22\x02\x0e\x27", 0},
		{"log_not of 0", "\x22\x00\x0e\x27", 1},
		{"bit_and", "\x22\x0c\x22\x0a\x0f\x27", 8},
		{"bit_or", "\x22\x0c\x22\x0a\x10\x27", 14},
		{"bit_xor", "\x22\x0c\x22\x0a\x11\x27", 6},
		{"bit_not", "\x22\x01\x12\x27", minus(2)},
		{"equal", "\x22\x05\x22\x05\x13\x27", 1},
		{"not equal", "\x22\x05\x22\x06\x13\x27", 0},
		{"less_signed", minusTwo + "\x22\x01\x14\x27", 1},
		{"less_unsigned", minusTwo + "\x22\x01\x15\x27", 0},
		{"less_unsigned, other way", "\x22\x01" + minusTwo + "\x15\x27", 1},
		{"ext 1", "\x22\x03\x16\x01\x27", minus(1)},
		{"ext 3 of a positive number", "\x22\xfb\x16\x03\x27", 3},
		{"ext 64", minusTwo + "\x16\x40\x27", minus(2)},
		{"ext 255", minusTwo + "\x16\xff\x27", minus(2)},
		{"ext 0", minusTwo + "\x16\x00\x27", 0},
		{"zero_ext 5", "\x22\xff\x2a\x05\x27", 0x1f},
		{"zero_ext 64", minusTwo + "\x2a\x40\x27", minus(2)},
		{"zero_ext 0", minusTwo + "\x2a\x00\x27", 0},
		{"ref8", "\x23\x10\xfe\x17\x27", 0xfe},
		{"ref16", "\x23\x10\xfd\x18\x27", 0xfefd},
		{"ref32", "\x23\x10\x01\x19\x27", 0x04030201},
		{"ref64", "\x23\x10\x01\x1a\x27", 0x0807060504030201},
		{"dup", "\x22\x03\x28\x04\x27", 9},
		{"pop", "\x22\x03\x22\x04\x29\x27", 3},
		{"swap", "\x22\x07\x22\x03\x2b\x03\x27", minus(4)},
		{"pick 0", "\x22\x07\x22\x03\x32\x00\x27", 3},
		{"pick 1", "\x22\x07\x22\x03\x32\x01\x27", 7},
		{"rot, the top", "\x22\x01\x22\x02\x22\x03\x33\x27", 2},
		{"rot, the second", "\x22\x01\x22\x02\x22\x03\x33\x29\x27", 1},
		{"rot, the third", "\x22\x01\x22\x02\x22\x03\x33\x29\x29\x27", 3},
		{"if_goto taken", "\x22\x01\x20\x00\x08\x22\x02\x27\x22\x03\x27", 3},
		{"if_goto not taken", "\x22\x00\x20\x00\x08\x22\x02\x27\x22\x03\x27", 2},
		{"goto", "\x21\x00\x06\x22\x02\x27\x22\x03\x27", 3},
		// 3, then 1 less each time until it is 0, then 7.
		{"a loop", "\x22\x03\x22\x01\x03\x28\x20\x00\x02\x22\x07\x02\x27", 7},
		// $rax == 5 as gdb 13 compiles it.
		{"gdb: a register", "\x26\x00\x00\x16\x40\x22\x05\x13\x27", 0},
		// *(char *) 0x1080 < 0 && ($rax == 5 || $rbx != 5) as it would.
		{"gdb: and, or", "\x23\x10\x80\x17\x16\x08\x22\x00\x14\x20\x00\x0f\x21\x00\x38" +
			"\x26\x00\x00\x16\x40\x22\x05\x13\x20\x00\x2b" +
			"\x26\x00\x01\x16\x40\x22\x05\x13\x0e\x20\x00\x2b\x22\x00\x21\x00\x2d\x22\x01" +
			"\x20\x00\x33\x21\x00\x38\x22\x01\x21\x00\x3a\x22\x00\x27", 1},
	} {
		e, err := Parse([]byte(tt.code))
		if err != nil {
			t.Errorf("%s: Parse(%x): %v", tt.name, tt.code, err)
			continue
		}
		if got, err := e.Eval(fake{}); err != nil || got != tt.want {
			t.Errorf("%s: Eval(%x) = %#x, error %v; want %#x", tt.name, tt.code, got, err, tt.want)
		}
	}
}

// Every opcode finds it out if the stack has too little for it.
func TestUnderflow(t *testing.T) {
	for code, op := range ops {
		for depth := range op.takes {
			text := strings.Repeat("\x22\x01", depth) + string([]byte{code}) + strings.Repeat("\x00", op.operand) + "\x27"
			e, err := Parse([]byte(text))
			if err != nil {
				t.Errorf("Parse(%x): %v", text, err)
				continue
			}
			want := fmt.Sprintf("%s at offset %d finds %d values on the stack", op.name, 2*depth, depth)
			if got, err := e.Eval(fake{}); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("Eval(%x) = %#x, error %v; want an error with %q", text, got, err, want)
			}
		}
	}
}

func TestEvalErrors(t *testing.T) {
	for _, tt := range []struct{ name, code, want string }{
		{"memory", "\x23\x10\xfe\x19\x27", "ref32 at offset 3: no RAM is there"},
		{"register", "\x26\x00\x10\x27", "there is no register 16"},
		{"div_signed", "\x22\x01\x22\x00\x05\x27", "div_signed at offset 4: 0x1 is divided by zero"},
		{"div_unsigned", "\x22\x01\x22\x00\x06\x27", "divided by zero"},
		{"rem_signed", "\x22\x01\x22\x00\x07\x27", "divided by zero"},
		{"rem_unsigned", "\x22\x01\x22\x00\x08\x27", "divided by zero"},
		{"pick", "\x22\x01\x32\x01\x27", "pick at offset 2 finds 1 values on the stack"},
		{"an endless loop", "\x21\x00\x00\x27", "not ended after 16384 steps"},
		{"a stack that grows for ever", "\x22\x01\x21\x00\x00\x27", "const8 at offset 0 finds the stack full"},
		{"nothing on the stack", "\x27", "end at offset 0 finds 0 values"},
	} {
		e, err := Parse([]byte(tt.code))
		if err != nil {
			t.Errorf("%s: Parse(%x): %v", tt.name, tt.code, err)
			continue
		}
		if got, err := e.Eval(fake{}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: Eval(%x) = %#x, error %v; want an error with %q", tt.name, tt.code, got, err, tt.want)
		}
	}
}

func TestParseErrors(t *testing.T) {
	for _, tt := range []struct{ name, code, want string }{
		{"nothing", "", "its 0 bytes have no end"},
		{"no end", "\x22\x01", "its 2 bytes have no end"},
		{"a jump in the end's place", "\x22\x01\x20\x00\x00", "its 5 bytes have no end"},
		{"too long", strings.Repeat("\x27", 4097), "it has 4097 bytes, want at most 4096"},
		{"a cut operand", "\x25\x01\x02", "const64 at offset 0 has 2 bytes of operand, want 8"},
		{"into an operand", "\x22\x01\x20\x00\x01\x27", "if_goto at offset 2 goes to offset 1, where no instruction begins"},
		{"to the end", "\x21\x00\x04\x27", "goto at offset 0 goes to offset 4, where no instruction begins"},
		{"float", "\x01\x27", "opcode 0x01 at offset 0 is not known"},
		{"trace", "\x22\x01\x22\x01\x0c\x27", "opcode 0x0c at offset 4"},
		{"trace_quick", "\x0d\x01\x27", "opcode 0x0d"},
		{"ref_float", "\x1b\x27", "opcode 0x1b"},
		{"l_to_d", "\x1e\x27", "opcode 0x1e"},
		{"getv", "\x2c\x00\x01\x27", "opcode 0x2c"},
		{"tracenz", "\x2f\x27", "opcode 0x2f"},
		{"trace16", "\x30\x00\x01\x27", "opcode 0x30"},
		{"printf", "\x34\x00\x27", "opcode 0x34"},
		{"none", "\x00\x27", "opcode 0x00"},
		{"none either", "\xff\x27", "opcode 0xff"},
	} {
		if _, err := Parse([]byte(tt.code)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: Parse(%.20x): %v; want an error with %q", tt.name, tt.code, err, tt.want)
		}
	}
}

// FuzzEval checks that whatever is parsed comes to an end, and to the same each time.
func FuzzEval(f *testing.F) {
	for _, seed := range []string{
		"\x26\x00\x00\x16\x40\x22\x05\x13\x27",
		"\x22\x03\x22\x01\x03\x28\x20\x00\x02\x22\x07\x02\x27",
		"\x21\x00\x00\x27",
		"\x22\x01\x22\x02\x22\x03\x33\x32\x02\x2b\x05\x17\x27",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, code []byte) {
		e, err := Parse(code)
		if err != nil {
			return
		}
		a, err1 := e.Eval(fake{})
		b, err2 := e.Eval(fake{})
		if a != b || fmt.Sprint(err1) != fmt.Sprint(err2) {
			t.Errorf("Eval(%x) = %#x, error %v, and then %#x, error %v", code, a, err1, b, err2)
		}
	})
}
