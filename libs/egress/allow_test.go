package egress

import (
	"strings"
	"testing"
)

func TestParseAllow(t *testing.T) {
	t.Parallel()
	t.Run("ReadsWhatTheConfigurationDocuments", func(t *testing.T) {
		t.Parallel()
		for list, want := range map[string]string{
			"":                              "",
			" , ,":                          "",
			"127.0.0.0/8,::1":               "127.0.0.0/8,::1/128",
			" Sink.Internal. , 10.1.2.3 ":   "10.1.2.3/32,sink.internal",
			"b,a,b,10.0.0.0/8,10.0.0.0/8":   "10.0.0.0/8,a,b",
			"fd00::/8,receiver_1.svc.local": "fd00::/8,receiver_1.svc.local",
		} {
			allow, err := ParseAllow(list)
			if err != nil || allow.String() != want {
				t.Errorf("ParseAllow(%q) = %q, %v; want %q", list, allow, err, want)
			}
		}
	})
	t.Run("ItsOwnTextReadsTheSame", func(t *testing.T) {
		t.Parallel()
		first, err := ParseAllow("x.test, 10.0.0.0/8, ::1")
		if err != nil {
			t.Fatal(err)
		}
		second, err := ParseAllow(first.String())
		if err != nil || second.String() != first.String() {
			t.Errorf("second reading = %q, %v", second, err)
		}
	})
	t.Run("NamesEveryWrongEntry", func(t *testing.T) {
		t.Parallel()
		wrong := []string{
			"10.0.0.5/8", "10.0.0.0/33", "*.internal", "host:80", "http://x", "0x7f.1", "2130706433", "127.1",
			"::ffff:10.0.0.1", "::ffff:10.0.0.0/104", "fe80::1%eth0", "exämple", "a b", "0..", "a..b", ".",
		}
		_, err := ParseAllow("ok.test," + strings.Join(wrong, ","))
		if err == nil {
			t.Fatal("no error")
		}
		for _, entry := range wrong {
			if !strings.Contains(err.Error(), `"`+entry+`"`) {
				t.Errorf("error does not name %q:\n%v", entry, err)
			}
		}
		if strings.Contains(err.Error(), "ok.test") {
			t.Errorf("error blames a good entry: %v", err)
		}
	})
	t.Run("AMaskThatIsTooWideSaysWhatToWrite", func(t *testing.T) {
		t.Parallel()
		if _, err := ParseAllow("10.0.0.5/8"); err == nil || !strings.Contains(err.Error(), "10.0.0.0/8") {
			t.Errorf("error = %v", err)
		}
	})
}

func FuzzParseAllow(f *testing.F) {
	f.Add("127.0.0.0/8,::1,host")
	f.Add("10.0.0.5/8, *, 0x7f.1")
	f.Fuzz(func(t *testing.T, list string) {
		allow, err := ParseAllow(list)
		if err != nil {
			return
		}
		again, err := ParseAllow(allow.String())
		if err != nil || again.String() != allow.String() {
			t.Errorf("%q reads as %q, which reads as %q, %v", list, allow, again, err)
		}
	})
}
