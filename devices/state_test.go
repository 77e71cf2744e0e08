// SPDX-License-Identifier: GPL-2.0-or-later

package devices

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

type stateInside struct {
	A uint8
	B [2]uint16
}

type stateExample struct {
	On    bool
	Wide  uint64
	Lower int32
	Some  [2]stateInside
}

var example = stateExample{true, 0x1122334455667788, -2, [2]stateInside{{1, [2]uint16{2, 3}}, {4, [2]uint16{5, 6}}}}

func TestStateEncoding(t *testing.T) {
	want := []byte{
		7, 0, // version
		1,
		0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11,
		0xfe, 0xff, 0xff, 0xff,
		1, 2, 0, 3, 0, 4, 5, 0, 6, 0,
	}
	blob := EncodeState(7, &example)
	if !bytes.Equal(blob, want) {
		t.Errorf("EncodeState(7, %+v) =\n% x, want\n% x", example, blob, want)
	}
	var got stateExample
	if err := DecodeState("dev", blob, 7, &got); err != nil || got != example {
		t.Errorf("DecodeState(% x) = %+v, error %v; want %+v", blob, got, err, example)
	}
}

func TestStateRefused(t *testing.T) {
	blob := EncodeState(7, &example)
	for _, test := range []struct {
		name string
		blob []byte
		says string
	}{
		{"nothing", nil, "it is 0 bytes, want 25"},
		{"a byte", blob[:1], "it is 1 bytes, want 25"},
		{"another version", EncodeState(8, &example), "it has version 8, want 7"},
		{"cut", blob[:len(blob)-1], "it is 24 bytes, want 25"},
		{"longer", append(bytes.Clone(blob), 0), "it is 26 bytes, want 25"},
	} {
		var got stateExample
		err := DecodeState("dev", test.blob, 7, &got)
		var typed *StateError
		if !errors.As(err, &typed) || typed.Device != "dev" || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: error %v, want a StateError of dev that says %q", test.name, err, test.says)
		}
		if got != (stateExample{}) {
			t.Errorf("%s: the state became %+v, want it untouched", test.name, got)
		}
	}
}

func TestStateOfNoFixedSize(t *testing.T) {
	for _, state := range []any{&struct{ S []byte }{}, &struct{ S string }{}, &struct{ N int }{}, &struct{ M map[int]int }{}} {
		if !panics(func() { EncodeState(1, state) }) {
			t.Errorf("EncodeState of %T does not panic", state)
		}
	}
}
