"""The index by state and age, with all that lists look at of every product."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0008_product_facets"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex(model_name="product", name="product_by_status_and_age"),
        migrations.AddIndex(
            model_name="product",
            index=models.Index(
                fields=[
                    "status",
                    "-created_at",
                    "-id",
                    "user",
                    "release",
                    "published_at",
                    "product_type",
                    "official_product",
                ],
                name="product_in_lists",
            ),
        ),
    ]
