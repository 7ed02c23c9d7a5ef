"""The ledger on one side, the provider's own log on the other."""

from decimal import Decimal

from .process import wait_until

PUSD_PER_USD = Decimal(10) ** 12


class Books:
    def __init__(self, postgres, database, provider):
        self.postgres = postgres
        self.database = database
        self.provider = provider

    def query(self, sql, parameters=()):
        with self.postgres.connect(self.database) as connection:
            cursor = connection.execute(sql, parameters)
            names = [column.name for column in cursor.description]
            return [dict(zip(names, row)) for row in cursor.fetchall()]

    def records(self, where="true"):
        return self.query(f"SELECT * FROM usage_records WHERE {where} ORDER BY boot_id, sequence")

    def settle(self, calls, timeout_s=60.0):
        """Waits until that many calls that reached a provider are booked, and returns them."""
        def booked():
            records = self.records("outcome <> 'refused'")
            return records if len(records) >= calls else None
        return wait_until(booked, f"{calls} calls to be booked (there are {len(self.records())} records)", timeout_s)

    def assert_equal_to_the_provider(self, timeout_s=60.0, only_completed=False):
        """Record for record, token for token: the provider's log and the ledger say the same.

        With `only_completed`, calls that were cut (by a kill, say) may be in one and not the other, as the client
        never saw their end; those that completed must be in both."""
        def key(id, billed):
            return id

        def compare():
            billed = {entry["request_id"]: entry for entry in self.provider.billed()
                      if not only_completed or entry["outcome"] == "completed"}
            booked = {record["provider_request_id"]: record for record in self.records("outcome <> 'refused'")
                      if record["provider_request_id"]}
            missing = set(billed) - set(booked)
            return (billed, booked) if not missing or only_completed and self.only_cut(missing) else None

        billed, booked = wait_until(compare, "every call that the provider billed to be booked", timeout_s)
        for id, entry in billed.items():
            if id not in booked:
                continue
            record = booked[id]
            if record["is_estimated"]:
                assert record["outcome"] != "completed", f"a completed call was estimated: {record}"
                continue
            assert record["input_tokens"] + record["cached_input_tokens"] == entry["prompt_tokens"], (record, entry)
            assert record["cached_input_tokens"] == entry["cached_tokens"], (record, entry)
            assert record["output_tokens"] + record["reasoning_tokens"] == entry["completion_tokens"], (record, entry)
        if not only_completed:
            extra = {id for id in booked if id not in billed}
            assert not extra, f"booked, but the provider billed nothing: {extra}"
        return len(billed)

    def only_cut(self, missing):
        """Whether the clients of all these calls were cut off: then no one saw them complete."""
        return missing <= self.cut

    cut = frozenset()

    def assert_accounts_equal_records(self):
        """What each budget account says is settled is the sum of what its records were charged."""
        rows = self.query("""
            WITH charged AS (
                SELECT organization_id, budget_id, window_start, sum(amount) AS amount
                FROM usage_records,
                     unnest(charge_budget_ids, charge_window_starts, charge_amounts) AS charge (budget_id, window_start, amount)
                GROUP BY 1, 2, 3)
            SELECT a.budget_id, a.window_start, a.settled, coalesce(c.amount, 0) AS charged
            FROM budget_accounts a LEFT JOIN charged c USING (organization_id, budget_id, window_start)
            WHERE a.settled <> coalesce(c.amount, 0)""")
        assert not rows, f"accounts that differ from their records: {rows}"

    def assert_no_gaps(self):
        assert not self.query("SELECT * FROM usage_gaps")

    def billed_cost_usd(self, input_per_million, output_per_million):
        """What the provider would invoice at these prices, computed from its own log alone."""
        total = Decimal(0)
        for entry in self.provider.billed():
            total += entry["prompt_tokens"] * Decimal(input_per_million) / 10**6
            total += entry["completion_tokens"] * Decimal(output_per_million) / 10**6
        return total
