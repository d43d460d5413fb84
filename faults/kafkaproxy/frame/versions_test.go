package frame_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/k2-platform/faultline/faults/kafkaproxy/frame"
)

// versions is the answer of a broker that is newer than kmsg.
func versions(version int16) *kmsg.ApiVersionsResponse {
	r := kmsg.NewPtrApiVersionsResponse()
	r.Version = version
	for _, k := range [][3]int16{
		{frame.Produce, 3, 99},
		{frame.Fetch, 4, 5},
		{int16(kmsg.Vote), 0, 2},
		{500, 0, 1},
		{int16(kmsg.DescribeQuorum), 0, 2},
		{frame.Metadata, 90, 99},
	} {
		a := kmsg.NewApiVersionsResponseApiKey()
		a.ApiKey, a.MinVersion, a.MaxVersion = k[0], k[1], k[2]
		if version >= 3 {
			a.UnknownTags.Set(9, []byte("kept"))
		}
		r.ApiKeys = append(r.ApiKeys, a)
	}
	feature := kmsg.NewApiVersionsResponseSupportedFeature()
	feature.Name, feature.MaxVersion = "group.version", 1
	r.SupportedFeatures = append(r.SupportedFeatures, feature)
	r.FinalizedFeaturesEpoch, r.ThrottleMillis = 12, 34
	return r
}

func TestVersionsThatTheProxyDoesNotKnowAreHidden(t *testing.T) {
	apis := frame.NewAPIs()
	newest, _ := apis.Max(frame.APIVersions)
	produce, _ := apis.Max(frame.Produce)
	for version := range newest + 1 {
		was := versions(version)
		got, err := apis.Versions(was.AppendTo(nil), version)
		require.NoError(t, err)

		want := versions(version)
		want.ApiKeys = append(want.ApiKeys[:2:2], want.ApiKeys[4])
		want.ApiKeys[0].MaxVersion, want.ApiKeys[2].MaxVersion = produce, 1
		assert.Equal(t, want.AppendTo(nil), got, "version %d: all else stays", version)
	}
}

func TestABrokerThatDoesNotKnowTheVersionAnswersInTheOldForm(t *testing.T) {
	was := versions(0)
	was.ErrorCode = frame.UnsupportedVersion
	got, err := frame.NewAPIs().Versions(was.AppendTo(nil), 4)
	require.NoError(t, err)
	r := kmsg.NewPtrApiVersionsResponse()
	require.NoError(t, r.ReadFrom(got))
	assert.Len(t, r.ApiKeys, 3)
	assert.Equal(t, int16(frame.UnsupportedVersion), r.ErrorCode)
}

func TestAClientThatIsTooNewIsToldWhatToAsk(t *testing.T) {
	apis := frame.NewAPIs()
	raw := frame.Append(nil, apis.ResponseStart(frame.Header{Key: frame.APIVersions, Version: 99, Correlation: 5}), apis.TooNew())
	r := kmsg.NewPtrApiVersionsResponse()
	require.NoError(t, r.ReadFrom(raw[8:]), "version 0, whatever was asked")
	newest, _ := apis.Max(frame.APIVersions)
	assert.Equal(t, int16(frame.UnsupportedVersion), r.ErrorCode)
	require.Len(t, r.ApiKeys, 1)
	assert.Equal(t, newest, r.ApiKeys[0].MaxVersion)
}
