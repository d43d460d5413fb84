package frame

import (
	"encoding/binary"
	"fmt"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// UnsupportedVersion is the error code of a broker that does not know the
// version of a request.
const UnsupportedVersion = 35

// Versions is the body of a response to ApiVersions without the APIs and
// versions that are not let through. All else, such as features, stays.
func (a *APIs) Versions(body []byte, version int16) ([]byte, error) {
	if len(body) >= 2 && binary.BigEndian.Uint16(body) == UnsupportedVersion {
		version = 0 // that answer has this form whatever was asked
	}
	f := &filter{in: &span{in: body}, flexible: version >= 3, apis: a}
	if err := f.run(); err != nil {
		return nil, fmt.Errorf("reading the versions of a broker: %w", err)
	}
	return append(f.out, body[f.in.at:]...), nil
}

type filter struct {
	in       *span
	flexible bool
	apis     *APIs
	out      []byte
}

func (f *filter) run() error {
	if _, err := f.in.Take(2); err != nil { // error
		return err
	}
	w := walk{tape: f.in, flexible: f.flexible}
	n, _, err := w.length(list)
	if err != nil {
		return err
	}
	var kept int
	var keys []byte
	for range n {
		at := f.in.at
		b, err := f.in.Take(6)
		if err != nil {
			return err
		}
		newest := int16(binary.BigEndian.Uint16(b[4:])) //nolint:gosec // the bits of an int16
		if f.flexible {
			if _, err := skipTags(f.in); err != nil {
				return err
			}
		}
		limit, ok := f.apis.Max(int16(binary.BigEndian.Uint16(b))) //nolint:gosec // the bits of an int16
		if !ok || int16(binary.BigEndian.Uint16(b[2:])) > limit {  //nolint:gosec // the bits of an int16
			continue
		}
		kept++
		keys = append(keys, b[:4]...)
		keys = binary.BigEndian.AppendUint16(keys, uint16(min(newest, limit))) //nolint:gosec // the bits of an int16
		keys = append(keys, f.in.in[at+6:f.in.at]...)
	}
	f.out = append(make([]byte, 0, len(f.in.in)), f.in.in[:2]...)
	if f.flexible {
		f.out = binary.AppendUvarint(f.out, uint64(kept)+1)
	} else {
		f.out = binary.BigEndian.AppendUint32(f.out, uint32(kept))
	}
	f.out = append(f.out, keys...)
	return nil
}

// TooNew is the response of a broker that does not know the version in which
// it was asked for its versions: it tells that of this one request, so that
// the client asks again.
func (a *APIs) TooNew() kmsg.Response {
	limit, _ := a.Max(APIVersions)
	r := kmsg.NewPtrApiVersionsResponse()
	r.ErrorCode = UnsupportedVersion
	k := kmsg.NewApiVersionsResponseApiKey()
	k.ApiKey, k.MaxVersion = APIVersions, limit
	r.ApiKeys = append(r.ApiKeys, k)
	return r
}
