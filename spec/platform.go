package spec

import "time"

// Platform describes the system under experiment: what can be broken and
// what can be measured. It is written by whoever runs the system (the
// sandbox writes its own), not by the author of an experiment.
type Platform struct {
	Version     string                `yaml:"faultline_platform" json:"faultline_platform"`
	Name        string                `yaml:"name" json:"name"`
	Environment string                `yaml:"environment" json:"environment"`
	Kafka       []string              `yaml:"kafka" json:"kafka,omitempty"`
	Targets     map[TargetName]Target `yaml:"targets" json:"targets"`
	Services    map[string]Health     `yaml:"services" json:"services,omitempty"`
	Probes      map[string]Probe      `yaml:"probes" json:"probes,omitempty"`
	Metrics     map[string]Metric     `yaml:"metrics" json:"metrics"`
	Books       map[string]Books      `yaml:"books" json:"books,omitempty"`
}

// Health is how a service says that it is well; one of the three is set.
type Health struct {
	HTTP  string `yaml:"http" json:"http,omitempty"`
	TCP   string `yaml:"tcp" json:"tcp,omitempty"`
	Kafka string `yaml:"kafka" json:"kafka,omitempty"`
	// Needs is the target that the answer depends on.
	Needs TargetName `yaml:"needs" json:"needs,omitempty"`
}

// Probe is an HTTP call made again and again, as a client of the system
// would make it.
type Probe struct {
	URL string `yaml:"url" json:"url"`
	// Post is sent as JSON; "" is a GET. The call is made once a reading: what it
	// does to the system, it does each time.
	Post string `yaml:"post" json:"post,omitempty"`
	// Headers are sent with each call, such as the key that an API asks for.
	Headers  map[string]string `yaml:"headers" json:"headers,omitempty"`
	Timeout  Duration          `yaml:"timeout" json:"timeout,omitempty"`
	Status   int               `yaml:"status" json:"status,omitempty"`
	Contains string            `yaml:"contains" json:"contains,omitempty"`
	AgeField string            `yaml:"age_field" json:"age_field,omitempty"`
	Window   Duration          `yaml:"window" json:"window,omitempty"`
	// Answers are kinds of answers that can be counted, by name.
	Answers map[string]Answer `yaml:"answers" json:"answers,omitempty"`
}

// Answer is a kind of answer to a probe: what it has, all of it.
type Answer struct {
	Status   int               `yaml:"status" json:"status,omitempty"`
	Header   map[string]string `yaml:"header" json:"header,omitempty"`
	Contains string            `yaml:"contains" json:"contains,omitempty"`
	Fields   []string          `yaml:"fields" json:"fields,omitempty"` // of the JSON body, that are there and not null
}

// Metric says where one number comes from, in which unit, and which target
// must be there to give it. Exactly one source is set.
type Metric struct {
	Unit  string     `yaml:"unit" json:"unit"`
	Needs TargetName `yaml:"needs" json:"needs"`

	Scrape  *ScrapeSource  `yaml:"scrape" json:"scrape,omitempty"`
	Probe   *ProbeSource   `yaml:"probe" json:"probe,omitempty"`
	PromQL  *PromQLSource  `yaml:"promql" json:"promql,omitempty"`
	Process *ProcessSource `yaml:"process" json:"process,omitempty"`
	Kafka   *KafkaSource   `yaml:"kafka" json:"kafka,omitempty"`
	Table   *TableSource   `yaml:"table" json:"table,omitempty"`
}

// ScrapeSource is one series of a Prometheus text page.
type ScrapeSource struct {
	URL    string   `yaml:"url" json:"url"`
	Series string   `yaml:"series" json:"series"`
	Rate   bool     `yaml:"rate" json:"rate,omitempty"`
	Window Duration `yaml:"window" json:"window,omitempty"`
}

// MeasureShare is the measure of a probe that counts answers of one kind.
const MeasureShare = "share"

// ProbeSource is one measure of a probe: availability, error_rate,
// response_time, latency_p50, latency_p95, latency_p99, data_age, or share: of
// the answers of one kind among all calls.
type ProbeSource struct {
	Name    string `yaml:"name" json:"name"`
	Measure string `yaml:"measure" json:"measure"`
	Answer  string `yaml:"answer" json:"answer,omitempty"` // kind that is counted, for share
}

// PromQLSource asks a Prometheus server; the answer must be one number.
type PromQLSource struct {
	URL   string `yaml:"url" json:"url"`
	Query string `yaml:"query" json:"query"`
}

// ProcessSource is rss_bytes or cpu_cores of a process.
type ProcessSource struct {
	Record  string `yaml:"record" json:"record"`
	Measure string `yaml:"measure" json:"measure"`
}

// KafkaSource is lag, under_replicated or brokers.
type KafkaSource struct {
	Brokers []string `yaml:"brokers" json:"brokers,omitempty"`
	Measure string   `yaml:"measure" json:"measure"`
	Group   string   `yaml:"group" json:"group,omitempty"`
	Topics  []string `yaml:"topics" json:"topics,omitempty"`
}

// TableSource is rows, freshness or snapshot_age of an Iceberg table.
type TableSource struct {
	Namespace string `yaml:"namespace" json:"namespace"`
	Name      string `yaml:"name" json:"name"`
	Measure   string `yaml:"measure" json:"measure"`
}

// Tags says whether the snapshots of a table at the opening and the closing of
// the books get Iceberg tags, chaos/<experiment>/before and /after, so that they
// stay readable when others expire. The zero value tags for DefaultTagsKeep.
type Tags struct {
	Off  bool     `yaml:"off" json:"off,omitempty"`
	Keep Duration `yaml:"keep" json:"keep,omitempty"`
}

// DefaultTagsKeep is how long a tag lasts where nothing else is said: a quarter
// of a year.
const DefaultTagsKeep = Duration(90 * 24 * time.Hour)

// Books says where the records of a flow can be counted one by one.
type Books struct {
	Receipts    string   `yaml:"receipts" json:"receipts"`
	Brokers     []string `yaml:"brokers" json:"brokers,omitempty"`
	Topic       string   `yaml:"topic" json:"topic"`
	DeadLetters string   `yaml:"dead_letters" json:"dead_letters"`
	Namespace   string   `yaml:"namespace" json:"namespace"`
	Table       string   `yaml:"table" json:"table"`
	Tags        Tags     `yaml:"tags" json:"tags,omitzero"`
	Key         string   `yaml:"key" json:"key"`
	// Compare are columns that a row must have as the receipt says that they
	// were sent: as text, decimals with all their digits.
	Compare []string `yaml:"compare" json:"compare,omitempty"`
	// Mapping lets rows be held against the records themselves.
	Mapping *Mapping `yaml:"mapping" json:"mapping,omitempty"`
	// Moment is a column of the mapping that says when a record was made, near the
	// time at which it was sent.
	Moment string `yaml:"moment" json:"moment,omitempty"`
	// Group is the sink's consumer group, where the table does not hold the offsets itself.
	Group string `yaml:"group" json:"group,omitempty"`
	// LetterFolder has dead letters as files of JSON lines.
	LetterFolder string `yaml:"letter_folder" json:"letter_folder,omitempty"`
	// LetterTable has dead letters as rows.
	LetterTable *LetterTable `yaml:"letter_table" json:"letter_table,omitempty"`
	// Windows lets log and table be summed up and compared window by window.
	Windows *Windows `yaml:"windows" json:"windows,omitempty"`
	// Sequences are columns whose numbers follow on each other.
	Sequences []Sequence `yaml:"sequences" json:"sequences,omitempty"`
}

// LetterTable is an Iceberg table of dead letters in the columns that K2 gives
// them: raw_record, error_type, error_reason, bronze_source, kafka_offset and
// schema_id. Namespace and Table are needed.
type LetterTable struct {
	Namespace string `yaml:"namespace" json:"namespace"`
	Table     string `yaml:"table" json:"table"`
	// Source picks out the rows whose bronze_source it is; "" picks all.
	Source string `yaml:"source" json:"source,omitempty"`
}
