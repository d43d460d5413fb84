package object

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestSignaturesAreThoseOfTheManual has the examples of
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html.
func TestSignaturesAreThoseOfTheManual(t *testing.T) {
	k := keys{id: "AKIAIOSFODNN7EXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"} //nolint:gosec // of the manual
	for name, c := range map[string]struct {
		method, path, hash string
		headers            map[string]string
		want               string
	}{
		"GET": {
			http.MethodGet, "/test.txt", emptyHash,
			map[string]string{"Range": "bytes=0-9"},
			"f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
		},
		"PUT": {
			http.MethodPut, "/test$file.text", "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
			map[string]string{"Date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"},
			"98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
		},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), c.method, "https://examplebucket.s3.amazonaws.com", nil)
			require.NoError(t, err)
			r.URL.Path, r.URL.RawPath = c.path, escape(c.path)
			for name, value := range c.headers {
				r.Header.Set(name, value)
			}
			sign(r, k, "us-east-1", c.hash, time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC))
			_, got, _ := strings.Cut(r.Header.Get("Authorization"), "Signature=")
			require.Equal(t, c.want, got, r.Header.Get("Authorization"))
		})
	}
}
