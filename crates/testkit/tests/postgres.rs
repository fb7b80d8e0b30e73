//! The PostgreSQL launcher, on the real server.

use recover_testkit::Postgres;

#[test]
fn databases_are_empty_and_apart() {
    let first = Postgres::fresh_database();
    let second = Postgres::fresh_database();
    assert_ne!(first.url(), second.url());
    first.sql("CREATE TABLE claims (id bigint, amount numeric(78,0))");
    first.sql("INSERT INTO claims VALUES (1, 2::numeric ^ 256 - 1)");
    assert_eq!(
        first.sql("SELECT * FROM claims"),
        "1|115792089237316195423570985008687907853269984665640564039457584007913129639935"
    );
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
    assert_eq!(second.sql(tables), "0");
}

#[test]
fn text_is_utf8_and_sorts_by_bytes() {
    let database = Postgres::fresh_database();
    assert_eq!(database.sql("SHOW server_encoding"), "UTF8");
    assert_eq!(database.sql("SELECT 'B' < 'a', length('адрес')"), "t|5");
}

#[test]
#[should_panic(expected = "psql refused")]
fn refused_sql_fails_the_test() {
    Postgres::fresh_database().sql("SELECT * FROM nothing");
}

#[test]
fn outlives_the_thread_that_started_it() {
    let database = std::thread::spawn(Postgres::fresh_database).join().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(200));
    assert_eq!(database.sql("SELECT 1"), "1");
}
