"""What a database, or the library that speaks with it, complains of: PostgreSQL, MySQL, SQLite, and what wraps them."""

import re
from typing import Final

from checks.words import FAILS, GAP, NO_CONNECTION, NOT_SO, Fault, meaning, table

_DOWN: Final = "worker-database-down"
_REFUSED_STATEMENT: Final[Fault] = Fault("job-failed")
"""The database is well, and has ended this one statement."""

_RAISED: Final = r"(?<!kombu\.exceptions\.)\b(OperationalError|InterfaceError)\b"
_OF_OTHERS: Final = re.compile(
    r"\b(redis|kombu|pymongo|pika|kafka|httpx|httpcore|aiohttp|smtplib|ldap3?|paramiko)\.(\w{1,40}\.){0,3}\w{0,40}"
    r"(Error|Timeout|Exception)\b|\b(amqps?|rediss?)://|:(6379|5672|9092|11211|27017)\b"
)
_OF_DATABASES: Final = re.compile(r"\b(psycopg|asyncpg|sqlalchemy|django\.db|MySQLdb|pymysql|sqlite3)|FATAL:")
"""Other servers' clients use the same words, and Celery's kombu the same names."""

_NOT_ANSWERED: Final = rf"(?!{GAP}\bFATAL:)"
"""A server, or a pooler before it, that refuses a connection in its own words was reached."""

_KOREAN: Final = r"(데이터베이스|\bDB)[^\n]{0,12}"
_IS: Final = "( ?(모드|상태|트랜잭션))?(이|입|로 (전환|바뀌)|라|$|[^\n]{0,20}(수 없|실패|오류|거부|못))"
"""What follows where something is said to be so; a replica or a user may well be read-only."""
_PORT: Final = "(5432|6432|3306)"
_NO_WAY: Final = (
    r"refused|\bE(CONN|TIMED|HOST)\w{3,9}|timed out|i/o timeout|timeout expired|unreachable|no route to host"
    "|reset by peer"
)
"""What any program's network says, where the port tells that it is the database's."""

_WORDS: Final = table(
    (
        _REFUSED_STATEMENT,
        r"deadlock (detected|found)|DeadlockDetected|lock wait timeout|lock timeout\b|LockNotAvailable",
        r"could not obtain lock|could not serialize access|SerializationFailure|QueryCanceled",
        r"canceling statement due to|statement timeout|max(imum)?[_ ]statement[_ ](execution[_ ])?time",
        r"due to (idle-in-)?transaction( session)? timeout|idle-in-transaction timeout|idle-session timeout",
        r"exceeds temp_file_limit|교착 ?상태|데드락",
    ),
    # Of the database's own disk and memory, never of the worker's.
    (
        Fault(_DOWN, "full"),
        rf"could not (extend file|resize shared memory){GAP}(no space left|wrote only)|\bDiskFull\b",
        r"could not (write|create|open|fsync)( \w{1,20}){0,3} \"(base|global|pg_\w{1,20}|pgsql_tmp)\b",
        rf"could not (write|extend){GAP}temporary file",
        r"the table '[^']{0,100}' is full|got error 28 from storage engine|\(err(no|code):? 28\b",
        r"database or disk is full|\bdisk full \(|could not fork new process for connection",
        r"out of memory; (check if|restart) |out of sort memory",
        r"\.OutOfMemory\b|out of memory\s{1,9}(DETAIL|HINT)|failed on request of size|out of shared memory",
        r"no space left on device\W{0,9}(HINT|DETAIL)|check free disk space",
        rf"{_KOREAN}(디스크|저장 ?공간|용량|메모리)[^\n]{{0,8}}(부족|가득|초과)",
    ),
    (
        Fault(_DOWN, "connections"),
        r"too many (clients|connections)|TooManyConnections|connection slots|max_user_connections",
        r"no more connections allowed|max client(s| connections) reached|MaxClientsIn|QueuePool limit",
        r"PoolTimeout|query_wait_timeout|connection pool (is )?exhausted|\bpool timed out|pool is probably full",
        r"(timeout|timed out|failed) (fetching|acquiring) a (new )?connection|is not available, request timed out",
        rf"(데이터베이스|\bDB) ?(연결|커넥션|접속) ?(수|개수|풀)[^\n]{{0,20}}(초과|부족|고갈|가득){NOT_SO}",
        r"waiting to acquire database connection|blocked because of many connection errors",
    ),
    # An end of the connection in mid-work is not a disagreement.
    (
        Fault(_DOWN, "tls"),
        r"SSL (connection )?error(?!:? (unexpected )?eof)|does not support SSL|SSL is not enabled",
        r"rejected SSL upgrade|insecure transport|(SSL|TLS) connections? is required|root certificate file",
        r"requires (TLS|SSL) connections?|FATAL: {1,3}(SSL|TLS) required",
        r"server certificate for .{1,100} does not match|sslmode value",
        r"(no pg_hba\.conf entry|rejects connection) .{1,300}(SSL off|no encryption)",
    ),
    (
        Fault(_DOWN, "credentials"),
        (
            r"(password|scram|sasl|ident|peer|pam|iam|ldap|gss\w{0,9}|certificate|md5|cleartext)"
            r" authentication failed"
        ),
        r"password that was provided .{1,100} is wrong|FATAL: {1,3}auth failed|too many authentication errors",
        r"no password supplied|tenant(/| or )user (\S{1,80} )?not found",
        r"has no credentials for the role|no pg_hba\.conf entry|pg_hba\.conf rejects",
        r"role \"[^\"]{1,80}\" (does not exist|is not permitted to log in)|no such user:",
        r"access denied for user|InvalidPassword|InvalidAuthorizationSpecification|wrong password type",
        r"permission denied for (table|relation|schema|database|sequence|view|function)|InsufficientPrivilege",
        r"permission denied to set role|Host '\S{1,90}' is not allowed to connect",
        rf"command denied to user|{_KOREAN}(인증|비밀번호|암호|자격 ?증명)[^\n]{{0,8}}{FAILS}",
        rf"{_KOREAN}권한이 (없|부족)",
    ),
    (
        # Without quotes PostgreSQL writes a column only where it stands behind its table's name; a column that is
        # named in Hangul is a sheet's.
        Fault(_DOWN, "schema"),
        (
            r"\b(relation|column|table|type|schema|sequence|database|constraint)"
            r" ([\"'`][ !#-&(-_a-~]{1,120}[\"'`]|\w{1,60}\.\w{1,60})( of relation \S{1,120})? (does not|doesn't) exist"
        ),
        r"\bfunction \S{1,60}\([^)]{0,120}\) does not exist",
        r"Undefined(Table|Column|Function|Object)|no such (table|column|database)\b|has no column named",
        r"unknown (column|table|database) '|InvalidCatalogName|InvalidSchemaName",
        (
            r"(데이터베이스|\bDB)[^\n]{0,40}(테이블|컬럼|칼럼|스키마)[을를이가은는]? ?"
            r"([\"'`]?[a-z_][\w.]{0,60}[\"'`]?[을를이가은는]? )?(찾을 수 없|존재하지 않|없습니다)"
        ),
    ),
    (
        Fault(_DOWN, "read-only"),
        r"read-only transaction|ReadOnlySqlTransaction|running with the --[a-z-]{0,20}read-only",
        r"\b1836\W{1,4}running in read-only",
        rf"readonly database|cannot execute \w{{1,20}} during recovery|{_KOREAN}읽기 ?전용{_IS}",
    ),
    (
        Fault(_DOWN, "unreachable"),
        (
            r"(n[o']t|unable to|failed to|error) (connect to|reach|establish (a )?connection to) (the )?"
            rf"((postgres\w{{0,3}} |mysql |database )server|database){_NOT_ANSWERED}"
        ),
        rf"could not connect to server: {_NOT_ANSWERED}",
        rf"(데이터베이스|\bDB){NO_CONNECTION}",
        (
            rf"connection to (database server|server (at|on)\b.{{0,12}}[\"'`]){_NOT_ANSWERED}"
            rf"{GAP}(fail|refused|timed? ?out|lost|error)"
        ),
        r"client_login_timeout|pgbouncer cannot connect|connection to database closed|communications link failure",
        r"DatabaseResuming|database is (sleeping|paused)|after being auto-paused",
        r"server (closed the connection|conn crashed)|could not translate host name|failed to resolve host",
        r"database system is (starting up|shutting down|in recovery)|not (\w{1,9} )?accepting connections",
        r"terminating connection (due to|because of)|connection (has been|already) closed",
        r"SSL SYSCALL error|SSL error:? (unexpected )?eof|connection timeout expired",
        r"could not receive data from server|connection was closed in the middle",
        rf"connect call failed \({GAP}{_PORT}\)|({_NO_WAY})[^\n]{{0,80}}:{_PORT}\b|:{_PORT}\b[^\n]{{0,80}}({_NO_WAY})",
        r"server (login|connect) (has been )?fail|consuming input failed",
        r"MySQL server has gone away|lost connection to MySQL|AdminShutdown|CannotConnectNow",
        (
            rf"({_RAISED}|psycopg\w{{0,9}}\.errors\.Connection\w{{1,30}}){_NOT_ANSWERED}{GAP}"
            r"(refused|timed? ?out|timeout expired|unreachable|no route to host|not known|name resolution"
            r"|getaddrinfo|could not connect|reset by peer|broken pipe|connection (is |was )?(failed|lost|closed))"
        ),
    ),
    (Fault(_DOWN), rf"{_RAISED}|\bpsycopg2?\.Error\b|connection to server at .{{0,3}}[\"'].{{1,120}}failed"),
    (
        Fault(_DOWN),
        r"database is locked|disk image is malformed|file is not a database",
    ),
    flags=re.IGNORECASE | re.DOTALL,
)
"""In the order in which they are asked: that no connection came about is the frame in which the others are told."""


def database_fault(text: str) -> Fault | None:
    """Return what ``text`` says of the database: the code, and why; None where it does not speak of one."""
    fault = meaning(text, _WORDS)
    return None if fault and _OF_OTHERS.search(text) and not _OF_DATABASES.search(text) else fault
