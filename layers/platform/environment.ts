/**
 * The names of the environment variables that functions read.
 * The stack sets them by these names and `config.ts` reads them by these names, so that neither can drift.
 */
export const environment = {
  /** A whole connection URL. Local platforms and tests set it; on AWS the parts below are set instead. */
  databaseUrl: 'STOCKADE_DATABASE_URL',
  databaseHost: 'STOCKADE_DATABASE_HOST',
  databasePort: 'STOCKADE_DATABASE_PORT',
  databaseName: 'STOCKADE_DATABASE_NAME',
  databaseUser: 'STOCKADE_DATABASE_USER',
  /** Connections one process may hold. A Lambda instance serves one request at a time: 1. */
  databaseMaxConnections: 'STOCKADE_DATABASE_MAX_CONNECTIONS',
  /** Milliseconds after which the session of a request is ended. 20,000, above the role's statement_timeout; of jobs 900,000. */
  databaseDeadlineMs: 'STOCKADE_DATABASE_DEADLINE_MS',
  /** The `<env>` part of API keys (`sk_<env>_…`), so that a key of one stage is refused by another unseen. */
  keyEnvironment: 'STOCKADE_KEY_ENVIRONMENT',
  stage: 'STOCKADE_STAGE',
  /** OpenID Connect: the `iss` of tokens that are accepted. Without it no token is. */
  jwtIssuer: 'STOCKADE_JWT_ISSUER',
  /** The `aud` of tokens that are accepted: the client id that Stockade's users log in with. */
  jwtAudience: 'STOCKADE_JWT_AUDIENCE',
  /** Where the issuer publishes its keys; `<issuer>/.well-known/jwks.json` when absent. */
  jwtJwksUri: 'STOCKADE_JWT_JWKS_URI',
  /** The key that passes for verified users are made with, as `tenancy.set_pass_key()` has told the database. */
  passKeyId: 'STOCKADE_PASS_KEY_ID',
  /** Its secret: 32 to 64 bytes in base64. */
  passKey: 'STOCKADE_PASS_KEY',
  /** The domain whose subdomains are organizations: with `api.example.com`, `acme.api.example.com` selects acme. */
  baseDomain: 'STOCKADE_BASE_DOMAIN',
  /** What opens `/platform/*` on a local platform. Never set on AWS, where API Gateway asks IAM. */
  operatorKey: 'STOCKADE_OPERATOR_KEY',
  /** For functions of operators only: the database as stockade_admin, as a whole URL … */
  adminDatabaseUrl: 'STOCKADE_ADMIN_DATABASE_URL',
  /** … or the user that logs in with IAM at the endpoint above. */
  adminDatabaseUser: 'STOCKADE_ADMIN_DATABASE_USER',
  /** For scheduled jobs only: the database as stockade_jobs, as a whole URL … */
  jobsDatabaseUrl: 'STOCKADE_JOBS_DATABASE_URL',
  /** … or the user that logs in with IAM at the endpoint above. */
  jobsDatabaseUser: 'STOCKADE_JOBS_DATABASE_USER',
  /** For recovery only: the RDS instance of the database, whose backups are watched and restored … */
  dbInstanceIdentifier: 'STOCKADE_DB_INSTANCE_IDENTIFIER',
  /** … or, in its place, the Aurora cluster. */
  dbClusterIdentifier: 'STOCKADE_DB_CLUSTER_IDENTIFIER',
  /** The SNS topic that reaches whoever is on call. */
  alertTopicArn: 'STOCKADE_ALERT_TOPIC_ARN',
  /** The S3 bucket, with Object Lock, that keeps what proves the ledger from outside the database. */
  evidenceBucket: 'STOCKADE_EVIDENCE_BUCKET',
  /** Days for which nobody can delete or replace what was put there, the owner of the account included. */
  evidenceRetentionDays: 'STOCKADE_EVIDENCE_RETENTION_DAYS',
  /** For drills only: the folder `sql` of this release, which a restored copy is held against. */
  sqlDirectory: 'STOCKADE_SQL_DIRECTORY',
  /** The subnet group of restored copies; that of production when it is not set … */
  drillSubnetGroup: 'STOCKADE_DRILL_SUBNET_GROUP',
  /** … and their security groups, with commas between. */
  drillSecurityGroupIds: 'STOCKADE_DRILL_SECURITY_GROUP_IDS',
  /** The region that backups are copied to, or `none` where it was decided that there is no such copy. */
  backupCopyRegion: 'STOCKADE_BACKUP_COPY_REGION',
} as const;
