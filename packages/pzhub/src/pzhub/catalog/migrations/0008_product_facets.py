"""One narrow row per product for the facets of lists; `pzhub.catalog.facet_rows` fills it."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("catalog", "0007_latest_and_access")]

    operations = [
        migrations.CreateModel(
            name="ProductFacets",
            fields=[
                (
                    "product",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="facets",
                        serialize=False,
                        to="catalog.product",
                    ),
                ),
                (
                    "roles",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="One bit per wanted role."
                    ),
                ),
                (
                    "format",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="Of the main file; 0: none."
                    ),
                ),
                (
                    "size",
                    models.PositiveSmallIntegerField(
                        default=0, help_text="Class of sizes; 0: no file."
                    ),
                ),
                (
                    "surveys",
                    models.TextField(
                        default="", help_text="As the summary has them: a list in JSON."
                    ),
                ),
            ],
        ),
    ]
