package spec

// Kinds of catalog that a table's target may name.
const (
	SQLCatalog    = "sql"
	RESTCatalog   = "rest"
	HadoopCatalog = "hadoop"
)

// Catalog says where a table's pointer is kept and where its files are, as
// the settings of the pipeline's own lake do.
type Catalog struct {
	// Kind is sql, rest or hadoop (a directory of files without a server).
	Kind string `yaml:"kind" json:"kind"`
	// Name is the catalog's name as a SQL catalog stores it; "" = faultline.
	Name string `yaml:"name" json:"name,omitempty"`
	// URI is the absolute path of the SQLite file (sql), or a URL (rest).
	URI string `yaml:"uri" json:"uri,omitempty"`
	// Warehouse is an absolute path, file:///path or s3://bucket/prefix. A REST
	// catalog may leave it empty, or take a name that its server knows.
	Warehouse string `yaml:"warehouse" json:"warehouse,omitempty"`
	// TokenFile holds the bearer token of a REST catalog; "" = it asks for none.
	TokenFile string      `yaml:"token_file" json:"token_file,omitempty"`
	Store     ObjectStore `yaml:"store" json:"store,omitzero"`
}

// ObjectStore is a store that speaks S3, asked path-style. The zero value is
// AWS's own in us-east-1.
type ObjectStore struct {
	Endpoint string `yaml:"endpoint" json:"endpoint,omitempty"` // URL; "" = that of AWS in Region
	Region   string `yaml:"region" json:"region,omitempty"`     // "" = us-east-1
	// CredentialsFile is a file as AWS's own tools keep it, of which the profile
	// default is taken. "" = AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and
	// AWS_SESSION_TOKEN of the environment; without these requests are not signed.
	CredentialsFile string `yaml:"credentials_file" json:"credentials_file,omitempty"`
}
