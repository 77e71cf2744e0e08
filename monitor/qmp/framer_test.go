// SPDX-License-Identifier: GPL-2.0-or-later

package qmp

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

// cut returns what the framer makes of a stream: values, and errors as "!".
func cut(t *testing.T, stream string) (parts []string) {
	t.Helper()
	f := framer{in: bufio.NewReader(strings.NewReader(stream))}
	for {
		m, err := f.next()
		var bad *syntaxError
		switch {
		case errors.As(err, &bad):
			parts = append(parts, "!")
		case err == io.EOF:
			return parts
		case err != nil:
			return append(parts, err.Error())
		default:
			parts = append(parts, strings.TrimSpace(string(m)))
		}
		if len(parts) > len(stream)+1 {
			t.Fatalf("%q is cut into more parts than it has bytes", stream)
		}
	}
}

func TestFramer(t *testing.T) {
	deep := strings.Repeat("[", maxNesting+1)
	for _, c := range []struct {
		in   string
		want []string
	}{
		{``, nil},
		{` {} `, []string{"{}"}},
		{`{"a":1}{"b":2}`, []string{`{"a":1}`, `{"b":2}`}},
		{`{"a":"}"}`, []string{`{"a":"}"}`}},
		{`{"a":"\"}"}`, []string{`{"a":"\"}"}`}},
		{`{'a':'x"y'}`, []string{`{"a":"x\"y"}`}},
		{`'it\'s'"it\'s"`, []string{`"it's"`, `"it's"`}},
		{`[1,2] 5 "x"`, []string{`[1,2]`, "5", `"x"`}},
		{`5{}`, []string{"5", "{}"}},
		{`foo"x"`, []string{"foo", `"x"`}},
		{`}`, []string{"}"}},
		{`{"a":1]{}`, []string{`{"a":1]`, "{}"}},
		{`,:`, []string{",", ":"}},
		{"\xff{}", []string{"!", "{}"}},
		{"{\"a\":\xff{}", []string{"!", "{}"}},
		{"{\"a\":\"x\n{}", []string{"!", "{}"}},
		{"{\"a\":\"\xff{}", []string{"!", "{}"}},
		{"\x00$", []string{"!", "!"}},
		{`{"a":`, nil},
		{deep, []string{"!"}},
		{`"` + strings.Repeat("x", maxMessage), []string{errTooLong.Error()}},
	} {
		if got := cut(t, c.in); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", c.want) {
			t.Errorf("%.60q is cut into %.200q; want %q", c.in, got, c.want)
		}
	}
}

func TestEncode(t *testing.T) {
	for _, c := range []struct {
		in   any
		want string
	}{
		{empty{}, "{}"},
		{reply{Return: empty{}, ID: []byte(`{"a":[1,2]}`)}, `{"return": {}, "id": {"a": [1, 2]}}`},
		{reply{Error: &failure{"C", `a,b:"c"\`}}, `{"error": {"class": "C", "desc": "a,b:\"c\"\\"}}`},
		{"<a>&", `"<a>&"`},
	} {
		if got := string(encode(c.in)); got != c.want+"\r\n" {
			t.Errorf("encode(%#v) = %q; want %q", c.in, got, c.want)
		}
	}
}

func FuzzFramer(f *testing.F) {
	for _, m := range alike {
		f.Add([]byte(m))
	}
	f.Add([]byte("\xff{'a':\"b\\'\"}5[\"\x01"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		s := newServer()
		var out bytes.Buffer
		s.Serve(t.Context(), &pipe{bytes.NewReader(stream), &out})
		answers := bytes.Count(out.Bytes(), []byte("\r\n"))
		if answers < 1 || answers > 16*len(stream)+1 {
			t.Errorf("%q gets %d answers", stream, answers)
		}
		parse(t, out.Bytes())
	})
}

// pipe is a connection that has said everything already.
type pipe struct {
	io.Reader
	io.Writer
}

func (p *pipe) Close() error { return nil }
