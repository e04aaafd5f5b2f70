"""What a request writes to a user's credits is what it meant, whatever others write meanwhile."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from tests.support.waiting import wait_until

from .php_cli import quoted
from .site import DATABASE, WordPressSite

BALANCE = "_aipkit_token_balance"
COUNTER = "_aipkit_token_usage_7"
STAMP = "_aipkit_last_token_reset_7"
COUNTERS = (COUNTER, "_aipkit_img_tokens_used", "_aipkit_aiforms_tokens_used")
STAMPS = (STAMP, "_aipkit_img_tokens_reset", "_aipkit_aiforms_tokens_reset")
KEYS = (BALANCE, *COUNTERS, *STAMPS)


@dataclass
class Meta:
    """One meta of one user, as the database and a request see it."""

    site: WordPressSite
    user: int
    key: str

    def of(self, key: str) -> "Meta":
        """Another meta of the same user."""
        return Meta(self.site, self.user, key)

    def store(self, *values: str) -> "Meta":
        """Let there be just these rows."""
        delete = "DELETE FROM wp_usermeta WHERE user_id = %s AND meta_key = %s"
        self.site.sql(delete, self.user, self.key)
        insert = "INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES (%s, %s, %s)"
        for value in values:
            self.site.sql(insert, self.user, self.key, value)
        return self

    def rows(self) -> list[str]:
        """The stored values."""
        sql = "SELECT meta_value FROM wp_usermeta WHERE user_id = %s AND meta_key = %s ORDER BY 1"
        return [row[0] for row in self.site.sql(sql, self.user, self.key)]

    def request(self, php: str) -> str:
        """Run one request; in it `$others( 5 )` is what another one writes meanwhile."""
        keys = ", ".join(map(quoted, KEYS))
        return self.site.wp_eval(
            f"""$id = {self.user}; $key = {quoted(self.key)}; $keys = array( {keys} );
            $others = function ( $value, $of = null ) use ( $id, $key ) {{
                global $wpdb;
                $where = array( 'user_id' => $id, 'meta_key' => $of ?? $key );
                $wpdb->update( $wpdb->usermeta, array( 'meta_value' => $value ), $where )
                    || $wpdb->insert( $wpdb->usermeta, $where + array( 'meta_value' => $value ) );
            }};
            {php}"""
        )


@pytest.fixture
def balance(site: WordPressSite) -> Meta:
    return meta_of_alice(site, BALANCE)


@pytest.fixture
def counter(site: WordPressSite) -> Meta:
    return meta_of_alice(site, COUNTER)


@pytest.fixture
def stamp(site: WordPressSite) -> Meta:
    return meta_of_alice(site, STAMP)


def meta_of_alice(site: WordPressSite, key: str) -> Meta:
    user = site.sql("SELECT ID FROM wp_users WHERE user_login = 'alice'")[0][0]
    return Meta(site, user, key)


def test_the_difference_to_what_was_read_is_added(balance: Meta) -> None:
    balance.store("100").request("""get_user_meta( $id, $key, true ); $others( 170 );
        update_user_meta( $id, $key, 110 );""")

    assert balance.rows() == ["180"]


def test_each_write_of_a_request_counts_from_the_one_before(balance: Meta) -> None:
    balance.store("100")

    balance.request("""get_user_meta( $id, $key, true ); update_user_meta( $id, $key, 90 );
        $others( 190 ); update_user_meta( $id, $key, 85 );""")

    assert balance.rows() == ["185"]


def test_every_credit_meta_is_read_past_the_object_cache(balance: Meta) -> None:
    for key in KEYS:
        balance.of(key).store("100")

    said = balance.request("""get_user_meta( $id ); foreach ( $keys as $key ) {
        $others( 70, $key ); echo get_user_meta( $id, $key, true ), ' '; }""")

    assert said.split() == ["70"] * len(KEYS)


def test_every_counter_and_the_balance_are_added_to(balance: Meta) -> None:
    for key in KEYS:
        balance.of(key).store("100")

    balance.request("""foreach ( $keys as $key ) { get_user_meta( $id, $key, true );
        $others( 170, $key ); update_user_meta( $id, $key, 110 ); }""")

    assert {key: balance.of(key).rows() for key in KEYS} == {
        key: ["170" if key in STAMPS else "180"] for key in KEYS
    }


def test_a_row_that_is_gone_is_not_read_from_the_cache(balance: Meta) -> None:
    balance.store("100")

    said = balance.request("""get_user_meta( $id );
        $GLOBALS['wpdb']->delete( $GLOBALS['wpdb']->usermeta, array( 'meta_key' => $key ) );
        echo wp_json_encode( array( get_user_meta( $id, $key, true ), get_user_meta( $id, $key ),
            metadata_exists( 'user', $id, $key ) ) );""")

    assert said == '["",[],false]'


def test_a_write_without_reading_means_the_number_itself(balance: Meta) -> None:
    balance.store("100").request("update_user_meta( $id, $key, 5 );")

    assert balance.rows() == ["5"]


def test_a_balance_never_goes_below_zero(balance: Meta) -> None:
    balance.store("100").request("""get_user_meta( $id, $key, true ); $others( 20 );
        update_user_meta( $id, $key, 40 );""")

    assert balance.rows() == ["0"]


def test_a_first_row_made_meanwhile_is_added_to(counter: Meta) -> None:
    counter.store().request("""get_user_meta( $id, $key, true ); $others( 30 );
        update_user_meta( $id, $key, 10 );""")

    assert counter.rows() == ["40"]


def test_a_row_deleted_meanwhile_is_made_with_the_difference(counter: Meta) -> None:
    counter.store("900").request("""get_user_meta( $id, $key, true );
        $GLOBALS['wpdb']->delete( $GLOBALS['wpdb']->usermeta, array( 'meta_key' => $key ) );
        update_user_meta( $id, $key, 950 );""")

    assert counter.rows() == ["50"]


def test_who_owns_nothing_gets_no_row(balance: Meta) -> None:
    balance.store().request("get_user_meta( $id, $key, true ); update_user_meta( $id, $key, 0 );")

    assert balance.rows() == []


def test_all_duplicate_rows_are_written(balance: Meta) -> None:
    balance.store("100", "100").request("""get_user_meta( $id, $key, true );
        update_user_meta( $id, $key, 90 );""")

    assert balance.rows() == ["90", "90"]


@pytest.mark.parametrize("text", ["12.7", "1e3", "", "none", "-5", " 12"])
def test_text_that_is_no_plain_number_counts_as_what_was_read(text: str, balance: Meta) -> None:
    balance.store(text)

    said = balance.request("""$read = get_user_meta( $id, $key, true );
        $number = is_numeric( $read ) ? max( 0, (int) $read ) : 0;
        update_user_meta( $id, $key, $number + 3 ); echo $number + 3;""")

    assert balance.rows() == [said]


@pytest.mark.parametrize(
    ("meanwhile", "left"),
    [("", "0"), ("$others( 950 );", "50"), ("$others( 30 );", "30")],
    ids=["nobody", "somebody used more", "somebody has reset it already"],
)
def test_a_reset_takes_off_what_was_read_once(meanwhile: str, left: str, counter: Meta) -> None:
    counter.store("900").request(f"""get_user_meta( $id, $key, true ); {meanwhile}
        update_user_meta( $id, $key, 0 );""")

    assert counter.rows() == [left]


@pytest.mark.parametrize(
    ("meanwhile", "written", "left"),
    [("1000", "2000", "2000"), ("2000", "1000", "2000"), ("9999999999", "2000", "2000")],
    ids=["earlier", "later", "in the future"],
)
def test_of_two_stamps_the_later_stays_unless_it_is_of_the_future(
    meanwhile: str, written: str, left: str, stamp: Meta
) -> None:
    stamp.store("500").request(f"""get_user_meta( $id, $key, true ); $others( {meanwhile} );
        update_user_meta( $id, $key, {written} );""")

    assert stamp.rows() == [left]


def test_a_first_stamp_is_made(stamp: Meta) -> None:
    stamp.store().request("get_user_meta( $id, $key, true ); update_user_meta( $id, $key, 2000 );")

    assert stamp.rows() == ["2000"]


def test_deleting_deletes_and_the_next_write_starts_anew(counter: Meta) -> None:
    counter.store("900").request("""get_user_meta( $id, $key, true );
        delete_user_meta( $id, $key ); update_user_meta( $id, $key, 4 );""")

    assert counter.rows() == ["4"]


@pytest.mark.parametrize("unique", ["true", "false"])
def test_there_is_only_one_row_of_a_key(unique: str, balance: Meta) -> None:
    said = balance.store("100").request(
        f"echo wp_json_encode( add_user_meta( $id, $key, 7, {unique} ) );"
    )

    assert (said, balance.rows()) == ("false", ["100"])


def test_adding_after_reading_that_there_is_none_adds(balance: Meta) -> None:
    balance.store().request("""get_user_meta( $id, $key, true ); $others( 30 );
        add_user_meta( $id, $key, 7, true );""")

    assert balance.rows() == ["37"]


def test_compare_and_set_stays_wordpress_own(balance: Meta) -> None:
    balance.store("100").request("""get_user_meta( $id, $key, true ); $others( 170 );
        update_user_meta( $id, $key, 90, 100 );""")

    assert balance.rows() == ["170"]


def test_what_another_plugin_answers_or_refuses_is_respected(balance: Meta) -> None:
    balance.store("100")

    said = balance.request("""add_filter( 'get_user_metadata', fn() => array( '5' ) );
        add_filter( 'update_user_metadata', '__return_false' );
        echo get_user_meta( $id, $key, true ), ' ';
        echo wp_json_encode( update_user_meta( $id, $key, 1 ) );""")

    assert (said, balance.rows()) == ("5 false", ["100"])


def test_a_write_after_another_plugins_answer_is_no_difference(balance: Meta) -> None:
    balance.store("100").request("""get_user_meta( $id, $key, true );
        add_filter( 'get_user_metadata', fn() => array( '5' ) ); get_user_meta( $id, $key, true );
        update_user_meta( $id, $key, 6 );""")

    assert balance.rows() == ["6"]


def test_other_metas_are_left_to_wordpress(balance: Meta) -> None:
    another = balance.of("_aipkit_token_usage_of_mine").store("100")

    another.request("""get_user_meta( $id, $key, true ); $others( 170 );
        update_user_meta( $id, $key, 110 );""")

    assert another.rows() == ["110"]


def test_a_transaction_that_another_plugin_has_open_is_not_ended(
    balance: Meta, counter: Meta
) -> None:
    balance.store("100")
    counter.store()

    balance.request(f"""$GLOBALS['wpdb']->query( 'START TRANSACTION' );
        foreach ( array( $key, '{COUNTER}' ) as $one ) {{
            update_user_meta( $id, $one, 10 + (int) get_user_meta( $id, $one, true ) );
        }}
        $GLOBALS['wpdb']->query( 'ROLLBACK' );""")

    assert (balance.rows(), counter.rows()) == (["100"], [])


@pytest.mark.parametrize("isolation", ["REPEATABLE READ", "READ COMMITTED"])
def test_a_first_row_that_is_not_committed_yet_is_waited_for(
    isolation: str, counter: Meta
) -> None:
    counter.store()
    connection = counter.site.database.connect(database=DATABASE)

    with connection, connection.cursor() as other, ThreadPoolExecutor(1) as pool:
        connection.begin()
        other.execute(
            "INSERT INTO wp_usermeta (user_id, meta_key, meta_value) VALUES (%s, %s, '30')",
            (counter.user, counter.key),
        )
        request = pool.submit(
            counter.request,
            f"""$GLOBALS['wpdb']->query( 'SET SESSION TRANSACTION ISOLATION LEVEL {isolation}' );
            get_user_meta( $id, $key, true ); update_user_meta( $id, $key, 10 );""",
        )
        wait_for_a_waiting_statement(counter.site)
        connection.commit()
        request.result()

    assert counter.rows() == ["40"]


def wait_for_a_waiting_statement(site: WordPressSite) -> None:
    # Not information_schema.innodb_trx: it shows what it showed, if asked too often.
    sql = "SHOW GLOBAL STATUS LIKE 'Innodb_row_lock_current_waits'"
    nobody = [("Innodb_row_lock_current_waits", "0")]
    wait_until(lambda: site.sql(sql) != nobody, "nobody waits", timeout_s=60, pause_s=0.01)
