// SPDX-License-Identifier: GPL-2.0-or-later

package replay

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/machine"
)

func TestSummary(t *testing.T) {
	input := func(in machine.Input) Record { return Record{Kind: KindInput, Input: in} }
	for _, test := range []struct {
		record Record
		want   string
	}{
		{input(machine.Input{Kind: machine.InputSerial, Unit: 1, Data: []byte("ls\n\xff")}), `input serial 1, 4 bytes: "ls\n\xff"`},
		{input(machine.Input{Kind: machine.InputSerial, Data: bytes.Repeat([]byte("x"), 40)}), `input serial 0, 40 bytes: "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"...`},
		{input(machine.Input{Kind: machine.InputReset}), "input reset"},
		{input(machine.Input{Kind: machine.InputPower}), "input power"},
		{input(machine.Input{Kind: machine.InputNMI}), "input nmi"},
		{input(machine.Input{Kind: machine.InputEnd}), "input end"},
		{input(machine.MemoryInput(0x1000, []byte{1, 2, 0xab})), "input memory, 3 bytes at physical address 0x1000: 01 02 ab"},
		{input(machine.Input{Kind: machine.InputMemory, Data: []byte{1, 2}}), "input memory, malformed: 01 02"},
		{input(machine.RegisterInput(&cpu.Register{Name: "rax"}, []byte{0x34, 0x12, 0, 0xff})), "input register rax = 0xff001234"},
		{input(machine.Input{Kind: machine.InputRegister, Data: []byte{4, 'r', 'a', 'x'}}), "input register, malformed: 04 72 61 78"},
		{input(machine.Input{Kind: machine.InputRegister}), "input register, malformed: "},
		{input(machine.Input{Kind: machine.InputFrame, Unit: 2, Data: []byte{0xde, 0xad}}), "input frame 2, 2 bytes: de ad"},
		{input(machine.Input{Kind: 99}), "input input kind 99"},
		{Record{Kind: KindAnswer, Query: machine.QueryWallClock, Answer: 1709210096}, "answer wall clock: 1709210096 s since 1970, 2024-02-29 12:34:56 UTC"},
		{Record{Kind: KindAnswer, Query: machine.QueryEntropy, Answer: -2}, "answer entropy: 0xfffffffffffffffe"},
		{Record{Kind: KindAnswer, Query: machine.QueryEntropy, Answer: 0x12}, "answer entropy: 0x0000000000000012"},
		{Record{Kind: KindAnswer, Query: 9, Answer: 5}, "answer 5 to query 9"},
		{Record{Kind: KindWarp, Until: 70}, "clock jump to 70 ns, short of the deadline"},
		{Record{Kind: KindHash, Hash: StateHash{Parts: []uint64{1, 1 << 63}, ConsoleBytes: 7}}, fmt.Sprintf("state hash %016x of 2 parts, 7 console bytes", machine.Sum([]machine.Hash{1, 1 << 63}))},
		{Record{Kind: KindMark}, "mark: nothing else happened before"},
		{Record{Kind: KindEnd, Reason: "power-off", Hash: StateHash{ConsoleBytes: 9}}, "end: power-off, 9 console bytes"},
		{Record{Kind: KindSnapshot, Snapshot: "init"}, `snapshot "init"`},
		{Record{Kind: 99}, "record kind 99"},
	} {
		if got := test.record.Summary(); got != test.want {
			t.Errorf("the summary of %+v is\n%s; want\n%s", test.record, got, test.want)
		}
	}
}
