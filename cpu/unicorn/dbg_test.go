package unicorn

import "testing"

func TestDbg(t *testing.T) {
	g := newGuest(t, "debug")
	g.runTo(3000)
	for i, r := range g.records() {
		t.Logf("%s %d fl %#x", g.text(r), r.ICount, r.RFLAGS)
		if i > 20 {
			break
		}
	}
	t.Logf("%#x %+v", g.PC(), g.State().DR)
}
