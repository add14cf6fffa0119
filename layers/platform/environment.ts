/**
 * The names of the environment variables that functions read.
 * The stack sets them and `config.ts` reads them, both by these constants, so that the names cannot differ.
 */
export const environment = {
  /** A whole connection URL. Local platforms and tests set it. On AWS the parts below are set instead. */
  databaseUrl: 'STOCKADE_DATABASE_URL',
  databaseHost: 'STOCKADE_DATABASE_HOST',
  databasePort: 'STOCKADE_DATABASE_PORT',
  databaseName: 'STOCKADE_DATABASE_NAME',
  databaseUser: 'STOCKADE_DATABASE_USER',
  /** The number of connections one process may hold. A Lambda instance serves one request at a time, so the default is 1. */
  databaseMaxConnections: 'STOCKADE_DATABASE_MAX_CONNECTIONS',
  /** After this many milliseconds the session of a request is ended: 20,000, more than the role's statement_timeout; 900,000 for jobs. */
  databaseDeadlineMs: 'STOCKADE_DATABASE_DEADLINE_MS',
  /** The `<env>` part of API keys (`sk_<env>_…`). Another stage refuses such a key without looking it up. */
  keyEnvironment: 'STOCKADE_KEY_ENVIRONMENT',
  stage: 'STOCKADE_STAGE',
  /** OpenID Connect: the `iss` of the tokens that are accepted. Without it no token is accepted. */
  jwtIssuer: 'STOCKADE_JWT_ISSUER',
  /** The `aud` of the tokens that are accepted: the client id that Stockade's users log in with. */
  jwtAudience: 'STOCKADE_JWT_AUDIENCE',
  /** Where the issuer publishes its keys. The default is `<issuer>/.well-known/jwks.json`. */
  jwtJwksUri: 'STOCKADE_JWT_JWKS_URI',
  /** The id of the key that signs passes for verified users. The database knows it from `tenancy.set_pass_key()`. */
  passKeyId: 'STOCKADE_PASS_KEY_ID',
  /** Its secret: 32 to 64 bytes in base64. */
  passKey: 'STOCKADE_PASS_KEY',
  /** The domain whose subdomains are organizations: with `api.example.com`, `acme.api.example.com` selects acme. */
  baseDomain: 'STOCKADE_BASE_DOMAIN',
  /** The key that opens `/platform/*` on a local platform. Never set on AWS, where API Gateway asks IAM. */
  operatorKey: 'STOCKADE_OPERATOR_KEY',
  /** For functions of operators only: the database as stockade_admin, as a whole URL … */
  adminDatabaseUrl: 'STOCKADE_ADMIN_DATABASE_URL',
  /** … or the user that logs in with IAM at the endpoint above. */
  adminDatabaseUser: 'STOCKADE_ADMIN_DATABASE_USER',
  /** For scheduled jobs only: the database as stockade_jobs, as a whole URL … */
  jobsDatabaseUrl: 'STOCKADE_JOBS_DATABASE_URL',
  /** … or the user that logs in with IAM at the endpoint above. */
  jobsDatabaseUser: 'STOCKADE_JOBS_DATABASE_USER',
  /** For migrations only: the database as the user who migrates, as a whole URL … */
  masterDatabaseUrl: 'STOCKADE_MASTER_DATABASE_URL',
  /** … or the secret of Secrets Manager with the user and password of the master, for the endpoint above. */
  masterSecretArn: 'STOCKADE_MASTER_SECRET_ARN',
  /** For recovery only: the RDS instance of the database, whose backups are watched and restored … */
  dbInstanceIdentifier: 'STOCKADE_DB_INSTANCE_IDENTIFIER',
  /** … or, in its place, the Aurora cluster. */
  dbClusterIdentifier: 'STOCKADE_DB_CLUSTER_IDENTIFIER',
  /** The SNS topic that reaches the person on call. */
  alertTopicArn: 'STOCKADE_ALERT_TOPIC_ARN',
  /** The S3 bucket, with Object Lock, for evidence that proves the ledger from outside the database. */
  evidenceBucket: 'STOCKADE_EVIDENCE_BUCKET',
  /** The number of days in which nobody can delete or replace evidence, not even the owner of the account. */
  evidenceRetentionDays: 'STOCKADE_EVIDENCE_RETENTION_DAYS',
  /** For migrations and drills: the folder `sql` of this release. A drill compares the restored copy with it. */
  sqlDirectory: 'STOCKADE_SQL_DIRECTORY',
  /** The subnet group of restored copies. The default is the one of production … */
  drillSubnetGroup: 'STOCKADE_DRILL_SUBNET_GROUP',
  /** … and their security groups, separated by commas. */
  drillSecurityGroupIds: 'STOCKADE_DRILL_SECURITY_GROUP_IDS',
  /** The region that backups are copied to, or `none` if you decided to have no copy in another region. */
  backupCopyRegion: 'STOCKADE_BACKUP_COPY_REGION',
} as const;
